package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.invoke.MethodHandle;

/**
 * How urgent the calling thread is beside others of its process, see setpriority(2) and sched(7).
 * The Java platform does not pass thread priorities on to the kernel.
 */
public final class ThreadPriority {
  /** Linux takes PRIO_PROCESS with 0 for the calling thread alone. */
  private static final int CALLING_THREAD = 0;

  private static final int PRIO_PROCESS = 0;
  private static final int NICE_MIN = -20;
  private static final int NICE_MAX = 19;

  private static final MethodHandle SETPRIORITY =
      NativeCall.link("setpriority", NativeCall.intOf(JAVA_INT, JAVA_INT, JAVA_INT));

  private ThreadPriority() {}

  /**
   * Sets the nice value of the calling thread. Each step is a tenth of processor time, where it is
   * contended.
   *
   * @param nice -20 (most urgent) to 19; below what it was only with CAP_SYS_NICE
   * @return false when the kernel refuses; nothing has changed then
   * @throws IllegalArgumentException for another number, or on a virtual thread
   */
  public static boolean nice(int nice) {
    if (nice < NICE_MIN || nice > NICE_MAX || Thread.currentThread().isVirtual()) {
      throw new IllegalArgumentException(
          "nice %d for %s: -20 to 19, and no virtual thread"
              .formatted(nice, Thread.currentThread()));
    }
    try {
      int result =
          (int)
              SETPRIORITY.invokeExact(NativeCall.errnoState(), PRIO_PROCESS, CALLING_THREAD, nice);
      return result == 0;
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }
}
