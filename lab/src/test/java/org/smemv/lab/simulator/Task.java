package org.smemv.lab.simulator;

import java.util.concurrent.locks.LockSupport;

/**
 * Something that waits, such as a migration, on a thread of its own that runs only while it has the
 * baton. The thread that steps the {@link Schedule} waits meanwhile.
 */
final class Task {
  /** What it does. */
  interface Body {
    void run() throws Exception;
  }

  private final Schedule schedule;
  private final Life life;
  private final Thread thread;
  private volatile boolean running;
  private volatile boolean over;
  private volatile Thread stepper;
  private volatile Throwable failure;
  private boolean started;
  private long wait;

  Task(Schedule schedule, String name, Life life, Body body) {
    this.schedule = schedule;
    this.life = life;
    this.thread = Thread.ofVirtual().name(name).unstarted(() -> run(body));
  }

  private void run(Body body) {
    try {
      life.check();
      body.run();
    } catch (Life.AgentDied e) {
      // as it should
    } catch (Throwable e) {
      failure = e;
    } finally {
      over = true;
      giveBack();
    }
  }

  Life life() {
    return life;
  }

  boolean isOver() {
    return over;
  }

  /** Lets it run until it waits or ends. */
  void resume() {
    resumeToEnd();
    if (failure != null) {
      Throwable thrown = failure;
      failure = null;
      throw thrown instanceof Violation violation
          ? violation
          : new Violation("task " + thread.getName() + " broke: " + thrown, thrown);
    }
  }

  /** As {@link #resume}, whatever comes of it. */
  void resumeToEnd() {
    if (over) {
      return;
    }
    stepper = Thread.currentThread();
    schedule.current(this);
    running = true;
    if (started) {
      LockSupport.unpark(thread);
    } else {
      started = true;
      thread.start();
    }
    while (running) {
      LockSupport.park(this);
    }
    schedule.current(null);
  }

  private void giveBack() {
    running = false;
    LockSupport.unpark(stepper);
  }

  /** A number for the next wait; the wake-up that has it ends that wait and no other. */
  long ticket() {
    return ++wait;
  }

  void wake(long ticket) {
    if (ticket == wait && !over) {
      wait++;
      resume();
    }
  }

  /** Waits until it is woken. Called by the task itself. */
  void park() {
    life.check();
    giveBack();
    while (!running) {
      LockSupport.park(this);
    }
    life.check();
  }

  /** Lets time pass. Called by the task itself. */
  void sleep(long nanos) {
    long ticket = ticket();
    schedule.after(nanos, () -> wake(ticket));
    park();
  }
}
