package org.smemv.lab;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes of memory as people write them: {@code 512M}, {@code 1G}, {@code 1536MiB}, {@code 4096}.
 */
public final class ByteSize {
  private static final Pattern FORM = Pattern.compile("(\\d{1,15})\\s*([KMGT]?)(?:I?B)?");
  private static final String UNITS = "KMGT";

  private ByteSize() {}

  /**
   * Bytes; every unit is a power of 1024, upper or lower case.
   *
   * @throws LabException when it is no size, is 0, or is beyond 2^62
   */
  public static long parse(String text) {
    Matcher match = FORM.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (!match.matches()) {
      throw new LabException("'%s' is no size; write it like 512M or 2G".formatted(text));
    }
    long number = Long.parseLong(match.group(1));
    int shift = match.group(2).isEmpty() ? 0 : 10 * (1 + UNITS.indexOf(match.group(2)));
    if (number == 0 || number > (1L << 62) >> shift) {
      throw new LabException("'%s' is no size that a host can have".formatted(text));
    }
    return number << shift;
  }

  /** The largest unit that gives a whole number: {@code 512M}, {@code 1G}, {@code 1536M}. */
  public static String format(long bytes) {
    int unit = 0;
    long number = bytes;
    while (unit < UNITS.length() && number != 0 && number % 1024 == 0) {
      number /= 1024;
      unit++;
    }
    return unit == 0 ? Long.toString(number) : "" + number + UNITS.charAt(unit - 1);
  }
}
