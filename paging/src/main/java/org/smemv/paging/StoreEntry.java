package org.smemv.paging;

/**
 * What a {@link PageStore} notes of a page in its tree: the slot that has the contents, plus one,
 * in the high half, their checksum in the low half; or that the page is all zeros and has no slot.
 * 0 is a page that is not held.
 */
final class StoreEntry {
  /** A page of zeros. */
  static final long ZERO = -1L << 32;

  private StoreEntry() {}

  static long of(int slot, int checksum) {
    return (long) (slot + 1) << 32 | Integer.toUnsignedLong(checksum);
  }

  /** The slot of an entry that has one. */
  static int slot(long entry) {
    return (int) (entry >>> 32) - 1;
  }

  static boolean hasSlot(long entry) {
    return entry != 0 && entry != ZERO;
  }

  /** The checksum of the contents, also of zeros. */
  static int checksum(long entry) {
    return entry == ZERO ? PageChecksum.ZERO_PAGE : (int) entry;
  }

  /** As a descriptor tells of it, see {@link PageFlags}. */
  static int flags(long entry) {
    return entry == ZERO ? PageFlags.ZERO : 0;
  }
}
