package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Waits for any of a small set of descriptors, see poll(2). The set is made once; waiting allocates
 * nothing. For one thread.
 */
public final class Poll implements AutoCloseable {
  /** POLLIN: a read would give bytes or the end. */
  public static final int READABLE = 1;

  /** POLLOUT: a write would take bytes. */
  public static final int WRITABLE = 4;

  private static final int FAILED = 8 | 16 | 32; // POLLERR, POLLHUP, POLLNVAL
  private static final int ENTRY_SIZE = 8;
  private static final int EVENTS = 4;
  private static final int RETURNED = 6;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment entries;
  private final int capacity;
  private int size;

  /**
   * @param capacity the most descriptors, at least 1
   */
  public Poll(int capacity) {
    this.capacity = capacity;
    this.entries = arena.allocate((long) capacity * ENTRY_SIZE, Integer.BYTES);
  }

  /** Adds a descriptor; returns its index. {@code events} is made of the constants here. */
  public int add(int fd, int events) {
    if (size == capacity) {
      throw new IllegalStateException("more than " + capacity + " descriptors");
    }
    int index = size++;
    replace(index, fd, events);
    return index;
  }

  /** How many entries there are. */
  public int size() {
    return size;
  }

  /** Puts another descriptor in an entry; a negative one is passed over. */
  public void replace(int index, int fd, int events) {
    long at = (long) index * ENTRY_SIZE;
    entries.set(JAVA_INT, at, fd);
    entries.set(JAVA_SHORT, at + EVENTS, (short) events);
    entries.set(JAVA_SHORT, at + RETURNED, (short) 0);
  }

  /**
   * Waits until one is ready; returns how many are.
   *
   * @param timeoutMillis -1 waits for ever, 0 only looks; a signal may end the wait with 0 early
   */
  public int await(int timeoutMillis) {
    int ready = SocketCalls.poll(entries.address(), size, timeoutMillis);
    if (ready >= 0) {
      return ready;
    }
    if (NativeCall.errno() != Errno.EINTR.number()) {
      throw NativeCall.failed("poll(" + size + " descriptors)");
    }
    for (int index = 0; index < size; index++) {
      entries.set(JAVA_SHORT, (long) index * ENTRY_SIZE + RETURNED, (short) 0);
    }
    return 0;
  }

  /** True when a read would not block: bytes, the end, or an error to be told of. */
  public boolean readable(int index) {
    return (returned(index) & (READABLE | FAILED)) != 0;
  }

  /** True when a write would not block, or would tell of an error. */
  public boolean writable(int index) {
    return (returned(index) & (WRITABLE | FAILED)) != 0;
  }

  /** True when the descriptor is broken, hung up or not open. */
  public boolean failed(int index) {
    return (returned(index) & FAILED) != 0;
  }

  private int returned(int index) {
    return entries.get(JAVA_SHORT, (long) index * ENTRY_SIZE + RETURNED);
  }

  @Override
  public void close() {
    arena.close();
  }
}
