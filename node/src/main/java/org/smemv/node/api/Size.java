package org.smemv.node.api;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes of memory as people write them: {@code 512M}, {@code 1.5G}, {@code 4096}; binary units. */
public final class Size {
  static final long PAGE_BYTES = 4096;

  /** Larger than any host; keeps sums of sizes far from overflow. */
  static final long BYTES_MAX = 16L << 40;

  private static final Pattern SYNTAX =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,6})?)\\s*(?:([kmgt])(?:i?b)?|b)?");
  private static final String UNITS = "kmgt";
  private static final int UNIT_SHIFT = 10;

  private Size() {}

  /**
   * Reads a size.
   *
   * @return bytes, 1 to 16 TiB
   * @throws IllegalArgumentException when it is no size, is zero or too large, or is no whole
   *     number of bytes
   */
  public static long parse(String text) {
    Matcher matcher = SYNTAX.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size; write 512M, 1.5G or a number of bytes");
    }
    String unit = matcher.group(2);
    int shift = unit == null ? 0 : (UNITS.indexOf(unit) + 1) * UNIT_SHIFT;
    BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
    if (bytes.signum() == 0 || bytes.compareTo(BigDecimal.valueOf(BYTES_MAX)) > 0) {
      throw new IllegalArgumentException("size '" + text + "': 1 byte to 16T are possible");
    }
    return whole(text, bytes);
  }

  private static long whole(String text, BigDecimal bytes) {
    try {
      return bytes.longValueExact();
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("size '" + text + "' is not a whole number of bytes", e);
    }
  }

  /** Writes a size for people, at most one decimal: {@code 1.5G}, {@code 0}, {@code 900}. */
  public static String format(long bytes) {
    int unit = -1;
    double value = bytes;
    while (Math.abs(value) >= 1L << UNIT_SHIFT && unit < UNITS.length() - 1) {
      value /= 1L << UNIT_SHIFT;
      unit++;
    }
    String number =
        value == Math.rint(value)
            ? Long.toString((long) value)
            : String.format(Locale.ROOT, "%.1f", value);
    return unit < 0 ? number : number + Character.toUpperCase(UNITS.charAt(unit));
  }
}
