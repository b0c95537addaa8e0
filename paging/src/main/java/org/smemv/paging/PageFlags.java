package org.smemv.paging;

/**
 * The flags word of a page descriptor: bit 0 ZERO, bit 1 ABSENT, bit 2 GIVEN_UP, bit 3 RUN, bits 8
 * to 15 heat, bits 16 to 31 the host's index (the last three in PLACE only).
 */
public final class PageFlags {
  /** The page is all zeros; no contents follow. */
  public static final int ZERO = 1;

  /** The host does not have the page; no contents follow. */
  public static final int ABSENT = 2;

  /**
   * Besides ZERO, in an answer: the guest gave the page up after its checksum was told, so it is
   * zeros whatever the asker expects. Said by the host alone that a VM has left, which has the VM's
   * final memory.
   */
  public static final int GIVEN_UP = 4;

  /**
   * Alone, in a PLACE: as many pages from this one on as the descriptor has for a checksum, of
   * which nobody has read the contents, are on the host.
   */
  public static final int RUN = 8;

  /** The hottest a page can be. */
  public static final int HEAT_MAX = 255;

  /** The highest index of a host. */
  public static final int HOST_MAX = 65_535;

  private static final int KNOWN = ZERO | ABSENT | GIVEN_UP | RUN | HEAT_MAX << 8 | HOST_MAX << 16;

  private PageFlags() {}

  /**
   * Flags of a page with contents, or with a place.
   *
   * @param heat 0..{@link #HEAT_MAX}
   * @param host 0..{@link #HOST_MAX}
   */
  public static int of(int heat, int host) {
    if ((heat & ~HEAT_MAX) != 0 || (host & ~HOST_MAX) != 0) {
      throw new IllegalArgumentException("heat " + heat + " or host " + host + " out of range");
    }
    return heat << 8 | host << 16;
  }

  /** True when bytes of the page belong to the descriptor. */
  public static boolean hasContents(int flags) {
    return (flags & (ZERO | ABSENT)) == 0;
  }

  /** True when the page is all zeros. */
  public static boolean isZero(int flags) {
    return (flags & ZERO) != 0;
  }

  /** True when the host does not have the page. */
  public static boolean isAbsent(int flags) {
    return (flags & ABSENT) != 0;
  }

  /** True when the page is zeros because the guest gave it up. */
  public static boolean isGivenUp(int flags) {
    return (flags & GIVEN_UP) != 0;
  }

  /** True when the descriptor is about several pages. */
  public static boolean isRun(int flags) {
    return (flags & RUN) != 0;
  }

  /** How hot the page is, 0..255. */
  public static int heat(int flags) {
    return flags >>> 8 & HEAT_MAX;
  }

  /** Which host of the VM's placement has the page. */
  public static int host(int flags) {
    return flags >>> 16;
  }

  /** True when no bit is set that version 1 does not know, and no marks that exclude others. */
  static boolean valid(int flags) {
    boolean marks = !(isZero(flags) && isAbsent(flags)) && (isZero(flags) || !isGivenUp(flags));
    marks &= !isRun(flags) || (flags & (ZERO | ABSENT)) == 0;
    return (flags & ~KNOWN) == 0 && marks;
  }
}
