package org.smemv.lab;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one connection, which nobody else touches: so it always knows which version of a key
 * memcached must have. Belongs to one thread.
 */
final class LoadShare {
  /** Sets that are under way at once while filling. */
  private static final int FILL_BATCH = 64;

  private final int number;
  private final int shares;
  private final LoadValues values;

  /** The newest version of each key that memcached may have. */
  private final int[] versions;

  /** True where the newest version was sent but its answer never came: the one before may be. */
  private final boolean[] uncertain;

  /**
   * Keys number, number + shares, number + 2 * shares, ... of all keys of the plan.
   *
   * @param number from 0, below the plan's number of connections
   */
  LoadShare(LoadPlan plan, int number) {
    this.number = number;
    this.shares = plan.connections();
    this.values = new LoadValues(plan.seed(), plan.valueBytes());
    int keys = (plan.valueCount() - number + shares - 1) / shares;
    this.versions = new int[keys];
    this.uncertain = new boolean[keys];
  }

  /** How many keys it has. */
  int size() {
    return versions.length;
  }

  /** What memcached knows a key by. */
  String name(int index) {
    return "smemv-%010d".formatted(key(index));
  }

  private int key(int index) {
    return index * shares + number;
  }

  /**
   * Stores the first version of every key.
   *
   * @throws IOException when memcached refuses or is gone
   */
  void fill(MemcachedConnection target) throws IOException {
    for (int first = 0; first < versions.length; first += FILL_BATCH) {
      int end = Math.min(first + FILL_BATCH, versions.length);
      for (int index = first; index < end; index++) {
        versions[index] = 1;
        target.queueSet(name(index), values.of(key(index), 1));
      }
      target.flush();
      for (int index = first; index < end; index++) {
        target.awaitStored();
      }
    }
  }

  /** Stores the next version of a key. */
  void set(MemcachedConnection target, int index) throws IOException {
    if (!uncertain[index]) {
      versions[index]++;
    }
    // A version that may or may not be there is sent again, so there are never more than two.
    uncertain[index] = true;
    target.set(name(index), values.of(key(index), versions[index]));
    uncertain[index] = false;
  }

  /** What is wrong with the value that memcached gave for a key; null when nothing is. */
  @Nullable String check(byte[] value, int index) {
    int key = key(index);
    int version = versions[index];
    if (values.matches(value, key, version)
        || (uncertain[index] && values.matches(value, key, version - 1))) {
      return null;
    }
    return values.explain(value, key, version);
  }
}
