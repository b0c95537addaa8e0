package org.smemv.placement;

/** The unit of every placement: one page of guest memory. Huge pages are never used. */
public final class PageSize {
  /** Bytes in a page. */
  public static final int BYTES = 4096;

  /** log2 of {@link #BYTES}. */
  public static final int SHIFT = 12;

  private PageSize() {}

  /** The number of whole pages that hold {@code bytes} bytes, rounded up. */
  public static long pagesIn(long bytes) {
    return (bytes + BYTES - 1) >>> SHIFT;
  }
}
