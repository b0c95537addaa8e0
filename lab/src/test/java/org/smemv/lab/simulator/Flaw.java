package org.smemv.lab.simulator;

/** A deliberate bug: a simulator that does not find it proves nothing. */
enum Flaw {
  /** The new main host says that it took the VM, and notes it a moment later. */
  COMMIT_ANSWERS_BEFORE_IT_IS_DURABLE,
  /** A write between the last look at a page and the punching of its hole is forgotten. */
  A_LATE_WRITE_IS_LOST,
  /** A sub-host that nobody is connected to frees its share without asking the main host. */
  A_SUB_HOST_FREES_WITHOUT_ASKING,
  /** A host grants more than it has. */
  TWO_PLANNERS_GET_THE_SAME_MEMORY,
  /** A commit without an answer counts as refused. */
  THE_SOURCE_RUNS_ON_AFTER_AN_UNKNOWN_COMMIT,
  /** A restarted agent lets a VM run that was leaving. */
  A_RESTARTED_SOURCE_DOES_NOT_ASK,
  /** A sub-host is not told that its VM may get another main host. */
  MAY_MOVE_IS_NOT_TOLD,
  /** "Not taken" is answered, and the VM is taken afterwards. */
  A_NO_IS_NOT_FINAL,
  /** A reservation that nobody speaks of any more stays. */
  RESERVATIONS_NEVER_LAPSE,
  /** A sub-host drops its copy before the page is installed at the main host. */
  A_COPY_IS_DROPPED_TOO_EARLY,
  /** What a VM left is freed as soon as it has gone. */
  THE_REST_IS_FREED_BEFORE_IT_IS_RELEASED,
  /** A restarted agent does not offer again what a VM left there. */
  THE_REST_IS_NOT_OFFERED_AGAIN,
  /** A VM that was leaving stays after all, and its memory can still be had. */
  THE_REST_IS_NOT_WITHDRAWN,
  /** A host that does not become the main host frees what it holds as a sub-host. */
  TURNING_BACK_FREES_THE_SHARE,
  /** Pages begin to move before it is durable where. */
  THE_PAGER_IS_TOLD_BEFORE_THE_RECORD_SAYS_SO,
}
