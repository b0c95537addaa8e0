package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.MILLI;
import static org.smemv.lab.simulator.Schedule.SECOND;

/**
 * What may go wrong in a run. Each seed chooses which kinds do and how often: a run in which all
 * goes wrong at once gets nowhere, and finds less.
 */
final class Hazards {
  private final Schedule schedule;
  final int lostOneIn;
  final int doubledOneIn;
  final int lateOneIn;
  final int crashesOneIn;
  final int crashAtWriteOneIn;
  final int cutsOneIn;
  final int longOneIn;

  /** The most time from one trouble to the next. */
  final long quietMost;

  final boolean losesHost;
  final boolean subHostsCrash;
  private boolean over;

  Hazards(Schedule schedule) {
    this.schedule = schedule;
    lostOneIn = choose(0, 0, 400, 100, 30);
    doubledOneIn = choose(0, 40, 10);
    lateOneIn = choose(0, 20, 6, 3);
    crashesOneIn = choose(0, 4, 2);
    crashAtWriteOneIn = choose(0, 0, 20, 8);
    cutsOneIn = choose(0, 4, 2);
    longOneIn = choose(20, 8, 2);
    quietMost = choose(12, 30, 60) * SECOND;
    losesHost = schedule.oneIn(8);
    subHostsCrash = schedule.oneIn(3);
  }

  private int choose(int... values) {
    return values[schedule.random().nextInt(values.length)];
  }

  /** From now on all goes well. */
  void end() {
    over = true;
  }

  boolean areOver() {
    return over;
  }

  boolean oneIn(int times) {
    return !over && schedule.oneIn(times);
  }

  boolean isLost() {
    return oneIn(lostOneIn);
  }

  boolean isDoubled() {
    return oneIn(doubledOneIn);
  }

  /** Not much later: a connection delivers what was asked once at most, but may be asked twice. */
  long doubledAfter() {
    return schedule.between(0, 50 * MILLI);
  }

  private long lateness() {
    return schedule.between(MILLI, 60 * SECOND);
  }

  /** How long a link is cut, or an agent away: a moment, or longer than a share may be silent. */
  long outage() {
    boolean isLong = schedule.oneIn(longOneIn);
    return isLong
        ? schedule.between(60 * SECOND, 180 * SECOND)
        : schedule.between(SECOND / 10, 8 * SECOND);
  }

  /** Of one way. */
  long delay(boolean inOrder) {
    if (oneIn(inOrder ? 20 * lateOneIn : lateOneIn)) {
      return lateness();
    }
    return schedule.between(MILLI / 10, 2 * MILLI);
  }
}
