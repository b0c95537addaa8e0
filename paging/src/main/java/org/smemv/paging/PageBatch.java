package org.smemv.paging;

import java.util.Arrays;

/**
 * Up to 256 pages that one frame tells of, and where their contents are in this process. Made once
 * per connection and used again; owned by one thread.
 */
public final class PageBatch {
  /** The most pages a batch holds: as many as a frame. */
  public static final int CAPACITY = PageFrame.PAGES_MAX;

  private final long[] pages = new long[CAPACITY];
  private final int[] checksums = new int[CAPACITY];
  private final int[] flags = new int[CAPACITY];
  private final long[] addresses = new long[CAPACITY];
  private final int[] tickets = new int[CAPACITY];
  private final int[] spare = new int[CAPACITY];
  private long epoch;
  private int size;

  /** Empties the batch. */
  public void clear() {
    size = 0;
  }

  /** Appends a page without an address. */
  public void add(long page, int checksum, int pageFlags) {
    if (size == CAPACITY) {
      throw new IllegalStateException("more than " + CAPACITY + " pages");
    }
    pages[size] = page;
    checksums[size] = checksum;
    flags[size] = pageFlags;
    addresses[size] = 0;
    tickets[size] = -1;
    size++;
  }

  /** Appends a page whose 4096 bytes are at {@code address}. */
  public void add(long page, int checksum, int pageFlags, long address) {
    add(page, checksum, pageFlags);
    addresses[size - 1] = address;
  }

  /** Appends a page of which only the number matters, as in a GET or a DROP. */
  public void add(long page) {
    add(page, 0, 0);
  }

  /** Pages in the batch. */
  public int size() {
    return size;
  }

  /** How many more pages fit. */
  public int room() {
    return CAPACITY - size;
  }

  /** The number of the {@code index}-th page. */
  public long page(int index) {
    return pages[index];
  }

  /** The checksum of its contents. */
  public int checksum(int index) {
    return checksums[index];
  }

  /** Its flags, see {@link PageFlags}. */
  public int flags(int index) {
    return flags[index];
  }

  /** Where its 4096 bytes are, or go; 0 when it has none. */
  public long address(int index) {
    return addresses[index];
  }

  /** True when 4096 bytes of it travel: it is neither zero nor absent. */
  public boolean hasContents(int index) {
    return PageFlags.hasContents(flags[index]);
  }

  /** Pages whose bytes travel. */
  public int contents() {
    return contents(0);
  }

  /** The same of the pages from an index on. */
  int contents(int from) {
    int count = 0;
    for (int i = from; i < size; i++) {
      count += hasContents(i) ? 1 : 0;
    }
    return count;
  }

  /** The epoch of the frame that the batch came in. */
  public long epoch() {
    return epoch;
  }

  /** Sets the epoch. */
  public void epoch(long newEpoch) {
    epoch = newEpoch;
  }

  /** A holder says what it knows of a page: its checksum and flags. */
  public void found(int index, int checksum, int pageFlags) {
    checksums[index] = checksum;
    flags[index] = pageFlags;
  }

  /** A holder says where the bytes of a page are or go, with a note to itself. */
  public void address(int index, long address, int ticket) {
    addresses[index] = address;
    tickets[index] = ticket;
  }

  /** The note of the holder; -1 when there is none. */
  public int ticket(int index) {
    return tickets[index];
  }

  /** Moves all notes to {@link #spare}, so that no page has one; returns how many there were. */
  int takeTickets() {
    int count = 0;
    for (int i = 0; i < size; i++) {
      if (tickets[i] >= 0) {
        spare[count++] = tickets[i];
        tickets[i] = -1;
        addresses[i] = 0;
      }
    }
    return count;
  }

  /** Forgets all notes and addresses. */
  void forgetTickets() {
    Arrays.fill(tickets, 0, size, -1);
    Arrays.fill(addresses, 0, size, 0);
  }

  /** Room for as many numbers as pages, for the holder's own use during a call. */
  int[] spare() {
    return spare;
  }

  @Override
  public String toString() {
    return "epoch " + epoch + " pages " + Arrays.toString(Arrays.copyOf(pages, size));
  }
}
