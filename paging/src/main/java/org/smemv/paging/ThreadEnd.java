package org.smemv.paging;

/** The end of a thread whose memory is about to be freed. */
final class ThreadEnd {
  private ThreadEnd() {}

  /**
   * Waits for it, also when interrupted, as the thread uses what is freed next; who called is still
   * interrupted afterwards.
   */
  static void await(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
