package org.smemv.node.api;

import org.jspecify.annotations.Nullable;

/** Checks of single fields. Each failure names the field, the value and what would fit. */
final class RequestCheck {
  private static final int TEXT_CHARACTERS_MAX = 4096;

  private RequestCheck() {}

  static long range(String field, long value, long min, long max, String unit) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          field + " " + value + ": " + min + " to " + max + " " + unit + " are possible");
    }
    return value;
  }

  /** A size of memory in whole pages. */
  static long pages(String field, long bytes) {
    if (bytes < Size.PAGE_BYTES || bytes > Size.BYTES_MAX || bytes % Size.PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          field + " " + bytes + " bytes: a multiple of 4096 from 4096 bytes to 16T is needed");
    }
    return bytes;
  }

  /** A path or a line of text. */
  static @Nullable String text(String field, @Nullable String value) {
    if (value != null
        && (value.isEmpty() || value.length() > TEXT_CHARACTERS_MAX || value.indexOf('\0') >= 0)) {
      throw new IllegalArgumentException(
          field + ": 1 to " + TEXT_CHARACTERS_MAX + " characters without a zero byte are possible");
    }
    return value;
  }

  /** An absolute path. */
  static @Nullable String path(String field, @Nullable String value) {
    if (value != null && !value.startsWith("/")) {
      throw new IllegalArgumentException(field + " '" + value + "': an absolute path is needed");
    }
    return text(field, value);
  }
}
