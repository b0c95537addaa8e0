package org.smemv.lab.demo;

import java.util.List;
import org.smemv.lab.LoadSummary;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.VmReport;

/**
 * What the demo has seen, as data.
 *
 * @param ok true when nothing was wrong
 * @param errors everything that was wrong, in sentences; empty when {@code ok}
 * @param seconds from the end of the set-up to the end of the checks
 * @param fillMillis how long the client took to fill memcached
 * @param migration as the agents saw it, with the bytes of each target
 * @param clientDowntimeMillis longest time without any answer to the client around the switch; 0
 *     when it was not among its longest
 * @param throughput of the client
 * @param clientErrors wrong, missing or malformed answers and lost connections
 * @param guest what the checker in the guest did
 * @param vm where the VM and its memory were at the end
 * @param load all that the client saw
 */
record DemoSummary(
    boolean ok,
    List<String> errors,
    double seconds,
    long fillMillis,
    MigrationReport migration,
    double clientDowntimeMillis,
    Throughput throughput,
    long clientErrors,
    GuestCheck guest,
    VmReport vm,
    LoadSummary load) {
  DemoSummary {
    errors = List.copyOf(errors);
  }

  /** Answers to the client a second, as means: before, during and after the migration. */
  record Throughput(double before, double during, double after) {}

  /**
   * The memory checker in the guest.
   *
   * @param ticksBefore processor time it had used before the migration, in hundredths of a second
   * @param ticksSwitched and right after it
   * @param ticksEnd and at the end
   * @param errors what it found wrong
   */
  record GuestCheck(long ticksBefore, long ticksSwitched, long ticksEnd, List<String> errors) {
    GuestCheck {
      errors = List.copyOf(errors);
    }
  }
}
