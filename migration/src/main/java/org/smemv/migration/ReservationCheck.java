package org.smemv.migration;

/** Checks of what a peer asks to be reserved; each failure names the value and what would fit. */
final class ReservationCheck {
  /** More than any host has; keeps sums far from overflow. */
  private static final long BYTES_MAX = 16L << 40;

  /** Agents add to an epoch: far from overflow for good. */
  private static final long EPOCH_MAX = Long.MAX_VALUE >>> 1;

  private ReservationCheck() {}

  static void epoch(long epoch) {
    if (epoch < 1 || epoch > EPOCH_MAX) {
      throw new IllegalArgumentException("epoch " + epoch + " is not possible");
    }
  }

  static void pagesFrom(long pagesFrom, long epoch) {
    if (pagesFrom < 1 || pagesFrom > epoch) {
      throw new IllegalArgumentException(
          "pages from epoch " + pagesFrom + " on: 1 to " + epoch + " are possible");
    }
  }

  static void bytes(String of, long bytes, int unit) {
    if (bytes < 1 || bytes > BYTES_MAX || bytes % unit != 0) {
      throw new IllegalArgumentException(
          of + " of " + bytes + " bytes: 1 byte to 16 TiB are possible, in units of " + unit);
    }
  }
}
