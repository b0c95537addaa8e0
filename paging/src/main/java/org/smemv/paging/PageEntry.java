package org.smemv.paging;

/**
 * One entry of the {@link PageTable}: 64 bits that say where a page is when the main host's RAM
 * file has a hole for it. A page that is present in the file is the authority, whatever the entry
 * says.
 *
 * <pre>
 *  bits 0..1  place: ZERO, RESIDENT or REMOTE (an entry of all zero bits: a page of zeros)
 *  bit  2     FETCHING: the page is being filled, by the fault loop or a gatherer
 *  bit  3     EVICTING: the evictor is taking the page out
 *  bit  4     COPY: resident, and the host in bits 16..31 may still hold a copy that must be dropped
 *  bits 8..15 heat, 0 (cold) to 255
 *  bits 16..31 index of the sub-host (REMOTE, or RESIDENT with COPY)
 *  bits 32..63 checksum of the contents at the sub-host; {@link PageChecksum#UNKNOWN} for a page that
 *              the host has on which the VM ran before, and that nobody has asked for yet
 * </pre>
 *
 * FETCHING and EVICTING belong to a thread of the agent and mean nothing once it is dead.
 */
public final class PageEntry {
  /** A hole that reads as zeros. */
  public static final int ZERO = 0;

  /** In the main host's RAM file. */
  public static final int RESIDENT = 1;

  /** On a sub-host. */
  public static final int REMOTE = 2;

  static final long FETCHING = 1L << 2;
  static final long EVICTING = 1L << 3;
  static final long COPY = 1L << 4;
  static final long BUSY = FETCHING | EVICTING;
  static final long HEAT = 0xffL << 8;
  private static final long PLACE = 3;
  private static final int HEAT_SHIFT = 8;
  private static final int HOST_SHIFT = 16;
  private static final int CHECKSUM_SHIFT = 32;
  private static final long LOW_HALF = (1L << CHECKSUM_SHIFT) - 1;

  /** The highest index of a sub-host. */
  public static final int HOST_MAX = 0xffff;

  private PageEntry() {}

  /** A page on a sub-host. */
  public static long remote(int host, int checksum, int heat) {
    return REMOTE | at(host, checksum) | (long) heat << HEAT_SHIFT;
  }

  /** A resident page with no copy elsewhere. */
  public static long resident(int heat) {
    return RESIDENT | (long) heat << HEAT_SHIFT;
  }

  /** A resident page of which a sub-host may still hold a copy. */
  static long residentWithCopy(int host, int checksum, int heat) {
    return RESIDENT | COPY | at(host, checksum) | (long) heat << HEAT_SHIFT;
  }

  private static long at(int host, int checksum) {
    return (long) host << HOST_SHIFT | (long) checksum << CHECKSUM_SHIFT;
  }

  /** {@link #ZERO}, {@link #RESIDENT} or {@link #REMOTE}. */
  public static int place(long entry) {
    return (int) (entry & PLACE);
  }

  /** Index of the sub-host that has the page, or a copy of it. */
  public static int host(long entry) {
    return (int) (entry >>> HOST_SHIFT) & HOST_MAX;
  }

  /** Checksum of the contents at the sub-host. */
  public static int checksum(long entry) {
    return (int) (entry >>> CHECKSUM_SHIFT);
  }

  /** Whether contents with this checksum are those of a remote page. */
  static boolean expects(long entry, int checksum) {
    int known = checksum(entry);
    return known == PageChecksum.UNKNOWN || known == checksum;
  }

  /** The same entry once it is known what the contents are. */
  static long withChecksum(long entry, int checksum) {
    return (entry & LOW_HALF) | (long) checksum << CHECKSUM_SHIFT;
  }

  /** How hot the page is, 0..255. */
  public static int heat(long entry) {
    return (int) (entry >>> HEAT_SHIFT) & 0xff;
  }

  /** True when the entry says that a sub-host has the page, or may have a copy of it. */
  static boolean names(long entry, int host) {
    return (place(entry) == REMOTE || has(entry, COPY)) && host(entry) == host;
  }

  /** True for a page that a sub-host has and that no thread is at. */
  static boolean isIdleAt(long entry, int host) {
    return place(entry) == REMOTE && host(entry) == host && !has(entry, BUSY);
  }

  /** The same page on another sub-host. */
  static long movedTo(long entry, int host) {
    return (entry & ~((long) HOST_MAX << HOST_SHIFT)) | (long) host << HOST_SHIFT;
  }

  static long withHeat(long entry, int heat) {
    return (entry & ~(0xffL << HEAT_SHIFT)) | (long) heat << HEAT_SHIFT;
  }

  static boolean has(long entry, long flag) {
    return (entry & flag) != 0;
  }
}
