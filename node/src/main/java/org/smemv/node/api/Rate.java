package org.smemv.node.api;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rates of transfer as people write them: bits with decimal units as on network cards ({@code
 * 1gbit}, {@code 100mbit}), or bytes per second with binary units as QEMU has them ({@code 100M}).
 */
public final class Rate {
  private static final Pattern BITS =
      Pattern.compile("(\\d{1,12}(?:\\.\\d{1,6})?)\\s*([kmgt]?)bit(?:/s|ps)?");
  private static final String UNITS = "kmgt";
  private static final int BITS_PER_BYTE = 8;

  private Rate() {}

  /**
   * Reads a rate.
   *
   * @return bytes per second, at least 1
   * @throws IllegalArgumentException when it is no rate
   */
  public static long parse(String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    Matcher matcher = BITS.matcher(lower);
    try {
      return matcher.matches() ? bits(matcher) : Size.parse(lower.replaceFirst("/s$", ""));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a rate; write 1gbit, 100mbit, or bytes per second as in 100M", e);
    }
  }

  private static long bits(Matcher matcher) {
    BigDecimal rate = new BigDecimal(matcher.group(1));
    if (!matcher.group(2).isEmpty()) {
      rate = rate.scaleByPowerOfTen(3 * (UNITS.indexOf(matcher.group(2)) + 1));
    }
    BigDecimal bytes = rate.divide(BigDecimal.valueOf(BITS_PER_BYTE));
    if (bytes.compareTo(BigDecimal.ONE) < 0
        || bytes.compareTo(BigDecimal.valueOf(Size.BYTES_MAX)) > 0) {
      throw new IllegalArgumentException("out of range");
    }
    return bytes.longValue();
  }

  /** Writes bytes per second for people: {@code 112.5M/s}. */
  public static String format(long bytesPerSecond) {
    return Size.format(bytesPerSecond) + "/s";
  }
}
