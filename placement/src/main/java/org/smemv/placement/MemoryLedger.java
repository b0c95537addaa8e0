package org.smemv.placement;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * What a host has promised of its own memory. The host alone grants, and a grant is taken before
 * the first page moves, so that nothing is found out half-way. Safe for use by many threads.
 */
public final class MemoryLedger {
  /** A grant was refused; the message says how much was wanted and how much is free. */
  public static final class NotEnough extends Exception {
    private static final long serialVersionUID = 1L;

    NotEnough(long wanted, long free, long capacity) {
      super(
          "not enough memory: %d MiB wanted, %d MiB free of %d MiB"
              .formatted(wanted >> 20, free >> 20, capacity >> 20));
    }
  }

  /** What memory is used for. */
  public enum Use {
    /** The VM runs here, or is about to. */
    MAIN,
    /** The VM runs elsewhere and has a part of its memory here. */
    SHARE
  }

  /** What a grant is for. */
  public record Key(UUID vm, Use use) {}

  private final long capacityBytes;
  private final Map<Key, Long> grants = new LinkedHashMap<>();
  private long grantedBytes;

  /** A ledger in which nothing is granted. */
  public MemoryLedger(long capacityBytes) {
    if (capacityBytes < 0) {
      throw new IllegalArgumentException("a capacity of " + capacityBytes + " bytes");
    }
    this.capacityBytes = capacityBytes;
  }

  /**
   * Grants memory, or changes a grant to another size.
   *
   * @throws NotEnough when that would be more than the capacity; nothing has changed then
   */
  public synchronized void grant(Key key, long bytes) throws NotEnough {
    if (bytes < 0) {
      throw new IllegalArgumentException("a grant of " + bytes + " bytes");
    }
    long before = grants.getOrDefault(key, 0L);
    if (bytes - before > capacityBytes - grantedBytes) {
      throw new NotEnough(bytes, capacityBytes - grantedBytes + before, capacityBytes);
    }
    grants.put(key, bytes);
    grantedBytes += bytes - before;
  }

  /**
   * Makes a grant smaller. One that is so small already, or has ended, stays as it is.
   *
   * @param expected the grant to change; any other is somebody else's newer one
   */
  public synchronized void reduce(Key key, long expected, long bytes) {
    if (granted(key) == expected && bytes < expected) {
      grants.put(key, bytes);
      grantedBytes += bytes - expected;
    }
  }

  /** Ends a grant; unknown ones are fine. */
  public synchronized void release(Key key) {
    Long bytes = grants.remove(key);
    grantedBytes -= bytes == null ? 0 : bytes;
  }

  /** The bytes granted under a key; 0 when there is no such grant. */
  public synchronized long granted(Key key) {
    return grants.getOrDefault(key, 0L);
  }

  /** All that may be granted, in bytes. */
  public long capacityBytes() {
    return capacityBytes;
  }

  /** What is granted, in bytes. */
  public synchronized long grantedBytes() {
    return grantedBytes;
  }

  /** What can still be granted, in bytes. */
  public synchronized long freeBytes() {
    return capacityBytes - grantedBytes;
  }
}
