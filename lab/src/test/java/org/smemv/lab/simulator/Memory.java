package org.smemv.lab.simulator;

import java.util.Arrays;
import java.util.BitSet;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The RAM file and the page table of one VM on one host, and the pipe in its QEMU: all of it
 * outlives the agent. The contents of a page are the number of the write that made them.
 */
final class Memory {
  /** Where a page is when the RAM file has a hole for it. */
  enum Place {
    ZERO,
    RESIDENT,
    REMOTE
  }

  static final long HOLE = -1;

  /** Stands for the checksum of a page that was left where the VM ran, and not asked for yet. */
  static final long UNKNOWN = -2;

  /**
   * A simulated page stands for so many real ones, because a main host always keeps 256 real ones
   * free to swap with.
   */
  static final int SCALE = 32;

  static final long BYTES = SCALE * 4096L;

  private final int pages;
  private final long[] ram;
  private final Place[] place;
  private final int[] host;
  private final long[] checksum;
  private final boolean[] copy;
  private final boolean[] evicting;
  private final long[] changes;
  final SortedMap<Integer, Long> pipe = new TreeMap<>();

  /** Sub-hosts that may hold what no entry names. */
  final BitSet suspect = new BitSet();

  private int resident;
  private long limit;

  Memory(int pages, long limitBytes) {
    this.pages = pages;
    this.ram = new long[pages];
    this.place = new Place[pages];
    this.host = new int[pages];
    this.checksum = new long[pages];
    this.copy = new boolean[pages];
    this.evicting = new boolean[pages];
    this.changes = new long[pages];
    Arrays.fill(ram, HOLE);
    Arrays.fill(place, Place.ZERO);
    limitBytes(limitBytes);
  }

  int pages() {
    return pages;
  }

  long limit() {
    return limit;
  }

  void limit(long pagesMax) {
    limit = pagesMax;
  }

  void limitBytes(long bytes) {
    limit = bytes / BYTES;
  }

  /** Pages that the budget counts: those that leave are given back to it last. */
  int resident() {
    return resident + pipe.size();
  }

  boolean isPresent(int page) {
    return ram[page] != HOLE;
  }

  long ram(int page) {
    return ram[page];
  }

  Place place(int page) {
    return place[page];
  }

  int host(int page) {
    return host[page];
  }

  long checksum(int page) {
    return checksum[page];
  }

  /** Whether these contents are those of a remote page. */
  boolean expects(int page, long version) {
    return checksum[page] == UNKNOWN || checksum[page] == version;
  }

  /** It is known now what the contents are. */
  void learn(int page, long version) {
    checksum[page] = version;
  }

  boolean hasCopy(int page) {
    return copy[page];
  }

  boolean isEvicting(int page) {
    return evicting[page];
  }

  void evicting(int page, boolean busy) {
    evicting[page] = busy;
  }

  /** Counts writes and moves of a page: it is due again when this is not what it was. */
  long changes(int page) {
    return changes[page];
  }

  boolean isRemoteAt(int page, int index) {
    return place[page] == Place.REMOTE && host[page] == index;
  }

  /** Whether the sub-host may have contents of the page. */
  boolean names(int page, int index) {
    return host[page] == index && (place[page] == Place.REMOTE || copy[page]);
  }

  /** Pages that a sub-host has or may have. */
  int used(int index) {
    int used = 0;
    for (int p = 0; p < pages; p++) {
      used += names(p, index) ? 1 : 0;
    }
    return used;
  }

  void write(int page, long version) {
    ram[page] = version;
    changes[page]++;
  }

  private void ram(int page, long version) {
    resident += (version == HOLE ? 0 : 1) - (ram[page] == HOLE ? 0 : 1);
    ram[page] = version;
    changes[page]++;
  }

  /** The page is here, and nowhere else. */
  void becomeResident(int page, long version) {
    ram(page, version);
    place[page] = Place.RESIDENT;
    copy[page] = false;
  }

  /** The page has come; its sub-host may still have it. */
  void install(int page, long version) {
    ram(page, version);
    place[page] = Place.RESIDENT;
    copy[page] = true;
  }

  void mayHaveCopy(int page, int index) {
    host[page] = index;
    copy[page] = true;
  }

  void copyIsGone(int page) {
    copy[page] = false;
  }

  /** What the entry says; a page that is present stays so. */
  void entryRemote(int page, int index, long version) {
    place[page] = Place.REMOTE;
    host[page] = index;
    checksum[page] = version;
    copy[page] = false;
    changes[page]++;
  }

  void entryResident(int page) {
    place[page] = Place.RESIDENT;
  }

  void entryZero(int page) {
    place[page] = Place.ZERO;
    changes[page]++;
  }

  void punch(int page) {
    if (ram[page] != HOLE) {
      ram(page, HOLE);
    }
  }
}
