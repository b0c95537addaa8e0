package org.smemv.migration;

/** What an operator asks of a migration while it runs. Each is given for good. Any thread. */
final class Orders {
  private volatile boolean cancelled;
  private volatile boolean forced;
  private volatile boolean postCopy;

  /** The migration is to be given up. */
  void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  /**
   * Between two steps.
   *
   * @throws GivenUp when it is cancelled
   */
  void stopIfCancelled() throws GivenUp {
    if (cancelled) {
      throw new GivenUp("cancelled");
    }
  }

  /** The VM is to be stopped after this round, whatever is left. */
  void force() {
    forced = true;
  }

  boolean isForced() {
    return forced;
  }

  /** What has not moved yet is to follow after the switch. */
  void postCopy() {
    postCopy = true;
  }

  boolean isPostCopy() {
    return postCopy;
  }
}
