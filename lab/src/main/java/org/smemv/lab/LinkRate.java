package org.smemv.lab;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How fast a host's link is, in each direction.
 *
 * @param bitsPerSecond 1 Mbit/s to 100 Gbit/s
 */
public record LinkRate(long bitsPerSecond) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\s*(M|G)BIT(?:/S|PS)?");
  private static final long MEGA = 1_000_000L;
  private static final long GIGA = 1_000_000_000L;
  private static final long BITS_MIN = MEGA;
  private static final long BITS_MAX = 100 * GIGA;

  /** A token bucket must hold at least one packet as the sender's stack makes them, 64 KiB. */
  private static final long BURST_BYTES_MIN = 128 << 10;

  /**
   * Rejects what no link has.
   *
   * @throws LabException when it is out of range
   */
  public LinkRate {
    if (bitsPerSecond < BITS_MIN || bitsPerSecond > BITS_MAX) {
      throw new LabException("a link rate must be between 1mbit and 100gbit");
    }
  }

  /**
   * Reads {@code 1gbit}, {@code 100mbit} and the like.
   *
   * @throws LabException when it is no rate or out of range
   */
  public static LinkRate parse(String text) {
    Matcher match = FORM.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (!match.matches()) {
      throw new LabException(
          "'%s' is no link rate; write it like 1gbit or 100mbit".formatted(text));
    }
    return new LinkRate(
        Long.parseLong(match.group(1)) * (match.group(2).equals("G") ? GIGA : MEGA));
  }

  /**
   * Bytes that may leave at once. Two milliseconds of the rate bridge the kernel's late timers, so
   * that the rate is reached: at 1 Gbit/s, TCP measures 957 Mbit/s, which is the whole line less
   * the headers.
   */
  long burstBytes() {
    return Math.max(BURST_BYTES_MIN, bitsPerSecond / 8 / 500);
  }

  @Override
  public String toString() {
    return bitsPerSecond % GIGA == 0
        ? bitsPerSecond / GIGA + "gbit"
        : bitsPerSecond / MEGA + "mbit";
  }
}
