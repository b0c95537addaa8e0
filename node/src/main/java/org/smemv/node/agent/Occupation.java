package org.smemv.node.agent;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What one VM is being used for: one operation at a time has it. Any thread. */
final class Occupation {
  private static final String BRIEFLY = "being looked after by the agent";
  private static final long BRIEF_LOOK_NANOS = 5_000_000;

  private final AtomicReference<@Nullable String> operation = new AtomicReference<>();

  /**
   * Claims the VM for one operation; waits while the agent itself has it, which takes seconds at
   * most.
   *
   * @param wanted what, for others who want it: {@code being migrated to h2}
   * @return null when it was claimed, else what it is occupied with
   */
  @Nullable String begin(String wanted) {
    String busy = operation.compareAndExchange(null, wanted);
    while (BRIEFLY.equals(busy)) {
      LockSupport.parkNanos(BRIEF_LOOK_NANOS);
      busy = operation.compareAndExchange(null, wanted);
    }
    return busy;
  }

  /**
   * Claims the VM for the agent itself, for moments: an operator who wants it waits.
   *
   * @return false when somebody has it
   */
  boolean beginBriefly() {
    return operation.compareAndSet(null, BRIEFLY);
  }

  /** Ends either. */
  void end() {
    operation.set(null);
  }
}
