package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A list of pieces of memory that one call reads into or writes from, in order: {@code struct
 * iovec} in a {@code struct msghdr}, see recvmsg(2). Built once, used again and again without
 * allocation, by one thread at a time. The memory named must stay valid until the transfer is done.
 */
public final class IoVector {
  /** The most pieces the kernel takes in one call (IOV_MAX, see sysconf(3)). */
  public static final int PIECES_MAX = 1024;

  private static final int MESSAGE_SIZE = 56;
  private static final int MESSAGE_PIECES = 16;
  private static final int MESSAGE_COUNT = 24;
  private static final int PIECE_SIZE = 16;

  private final MemorySegment message;
  private final MemorySegment pieces;
  private final int capacity;
  private int first;
  private int end;
  private long remaining;

  /**
   * @param arena how long the list lives
   * @param capacity pieces, 1..{@link #PIECES_MAX}
   */
  public IoVector(Arena arena, int capacity) {
    if (capacity < 1 || capacity > PIECES_MAX) {
      throw new IllegalArgumentException("capacity " + capacity + " is not in 1.." + PIECES_MAX);
    }
    this.capacity = capacity;
    this.message = arena.allocate(MESSAGE_SIZE, Long.BYTES);
    this.pieces = arena.allocate((long) capacity * PIECE_SIZE, Long.BYTES);
  }

  /** Empties the list. */
  public void clear() {
    first = 0;
    end = 0;
    remaining = 0;
  }

  /** Appends a piece; one that starts where the last ends makes that longer instead. */
  public void add(long address, long length) {
    if (length <= 0) {
      throw new IllegalArgumentException("a piece of " + length + " bytes");
    }
    if (end > first && address(end - 1 - first) + length(end - 1 - first) == address) {
      set(end - 1, address(end - 1 - first), length(end - 1 - first) + length);
      remaining += length;
      return;
    }
    if (end == capacity) {
      throw new IllegalStateException("more than " + capacity + " pieces");
    }
    set(end++, address, length);
    remaining += length;
  }

  /** Pieces that are not wholly done. */
  public int size() {
    return end - first;
  }

  /** How many more pieces fit. */
  public int room() {
    return capacity - end;
  }

  /** Bytes that are still to be moved. */
  public long remaining() {
    return remaining;
  }

  /** Where the {@code index}-th piece that is not done begins, or goes on. */
  public long address(int index) {
    return pieces.get(JAVA_LONG, (long) (first + index) * PIECE_SIZE);
  }

  /** Bytes left of the {@code index}-th piece that is not done. */
  public long length(int index) {
    return pieces.get(JAVA_LONG, (long) (first + index) * PIECE_SIZE + 8);
  }

  /** Takes note that the next {@code bytes} bytes were moved. */
  public void advance(long bytes) {
    if (bytes < 0 || bytes > remaining) {
      throw new IllegalArgumentException(bytes + " bytes of " + remaining);
    }
    remaining -= bytes;
    long left = bytes;
    while (left > 0) {
      long length = length(0);
      if (left < length) {
        set(first, address(0) + left, length - left);
        return;
      }
      left -= length;
      first++;
    }
  }

  /** The address of a {@code struct msghdr} that names the pieces not yet done. */
  long message() {
    message.set(JAVA_LONG, MESSAGE_PIECES, pieces.address() + (long) first * PIECE_SIZE);
    message.set(JAVA_LONG, MESSAGE_COUNT, end - first);
    message.set(JAVA_INT, 48, 0); // msg_flags, which recvmsg writes
    return message.address();
  }

  private void set(int index, long address, long length) {
    pieces.set(JAVA_LONG, (long) index * PIECE_SIZE, address);
    pieces.set(JAVA_LONG, (long) index * PIECE_SIZE + 8, length);
  }
}
