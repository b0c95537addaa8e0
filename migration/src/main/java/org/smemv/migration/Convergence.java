package org.smemv.migration;

/**
 * Judges from the rounds so far whether a pre-copy gets anywhere: how long the last pages would
 * take now, and whether the guest writes as fast as pages can be sent. Pure; one thread adds, any
 * may ask.
 */
public final class Convergence {
  /** This many rounds in a row without progress, and the copying is said not to converge. */
  static final int ROUNDS = 4;

  /** A round makes progress when it leaves less than this part of what the best one before left. */
  private static final double PROGRESS = 0.9;

  /** Stopping, the device state and the answers of the hosts take about this long besides. */
  static final long FIXED_MILLIS = 30;

  /** When the last pages take no longer than this, one more round would not make them fewer. */
  private static final long FEW_PAGES_MILLIS = 3;

  /** While the VM stands it is looked twice for what was written. */
  private static final int LAST_LOOKS = 2;

  private long remaining = Long.MAX_VALUE / 2000;
  private int rounds;
  private long lookMillis;
  private long fewest = Long.MAX_VALUE;
  private int roundsWithoutProgress;
  private double bytesPerSecond = 1;

  /** Takes note of a round. */
  public synchronized void add(BodySource.Round round, long pageBytes) {
    if (round.sentBytes() > 64 * pageBytes) {
      bytesPerSecond = round.bytesPerSecond();
    }
    long bytes = round.remainingPages() * pageBytes;
    if (bytes < fewest * PROGRESS) {
      roundsWithoutProgress = 0;
    } else {
      roundsWithoutProgress++;
    }
    fewest = Math.min(fewest, bytes);
    remaining = bytes;
    lookMillis = round.lookNanos() / 1_000_000;
    rounds++;
  }

  /** The rounds that follow do something else: whether they get anywhere is another question. */
  public synchronized void beginAnew() {
    fewest = Long.MAX_VALUE;
    roundsWithoutProgress = 0;
  }

  /** How long the VM would stand still if it were stopped now, in milliseconds. */
  public synchronized long expectedDowntimeMillis() {
    return FIXED_MILLIS + LAST_LOOKS * lookMillis + lastPagesMillis();
  }

  private long lastPagesMillis() {
    return (long) (remaining * 1000.0 / bytesPerSecond);
  }

  /**
   * True when the VM may be stopped now for a pause of so many milliseconds. A limit that is
   * shorter than the fixed part of a pause is met as nearly as it can be.
   */
  public synchronized boolean allowsStop(long downtimeMillis) {
    return expectedDowntimeMillis() <= downtimeMillis || lastPagesMillis() <= FEW_PAGES_MILLIS;
  }

  /** False once the rounds go on without leaving less. */
  public synchronized boolean isConverging() {
    return roundsWithoutProgress < ROUNDS;
  }

  /** How many rounds there were. */
  public synchronized int rounds() {
    return rounds;
  }
}
