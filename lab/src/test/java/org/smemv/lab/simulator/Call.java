package org.smemv.lab.simulator;

import org.smemv.migration.HostException;

/** A question that is under way, and its answer. */
final class Call<T> {
  private final Schedule schedule;
  private boolean done;
  private boolean cancelled;
  private T value;
  private HostException failure;
  private Runnable then;

  Call(Schedule schedule) {
    this.schedule = schedule;
  }

  void done(T answer) {
    if (!done) {
      done = true;
      value = answer;
      tell();
    }
  }

  void fail(HostException why) {
    if (!done) {
      done = true;
      failure = why;
      tell();
    }
  }

  private void tell() {
    if (then != null) {
      schedule.after(0, then);
    }
  }

  /** It is not to be carried out any more, if it was not yet. */
  void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  boolean isDone() {
    return done;
  }

  /** Null when it was answered. */
  HostException failure() {
    return failure;
  }

  T value() {
    return value;
  }

  /** Has something done once there is an answer or a failure. */
  void whenDone(Runnable action) {
    then = action;
    if (done) {
      tell();
    }
  }

  /** Waits for the answer. */
  T await() throws HostException {
    if (!done) {
      Task task = schedule.current();
      long ticket = task.ticket();
      whenDone(() -> task.wake(ticket));
      task.park();
    }
    if (failure != null) {
      // Anew, for its stack; kind and message are what counts.
      throw new HostException(failure.kind(), failure.getMessage(), failure);
    }
    return value;
  }
}
