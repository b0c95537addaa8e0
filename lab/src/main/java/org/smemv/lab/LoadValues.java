package org.smemv.lab;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What every value must contain: numbers that follow from seed, key and version alone (SplitMix64,
 * Steele et al. 2014), so that a value can be checked without being kept, and cannot be compressed.
 * Belongs to one thread.
 */
final class LoadValues {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  /** How far back a wrong value is compared with what the key held before. */
  private static final int EARLIER_VERSIONS = 8;

  private final long seed;
  private final byte[] expected;

  /**
   * @param bytes size of a value
   */
  LoadValues(long seed, int bytes) {
    this.seed = seed;
    this.expected = new byte[bytes];
  }

  /**
   * The value of a version of a key. The array is this object's own and changes with the next call.
   */
  byte[] of(int key, int version) {
    long state = mix(seed + GOLDEN_GAMMA * (((long) key << 32) | version));
    int whole = expected.length & -Long.BYTES;
    for (int i = 0; i < whole; i += Long.BYTES) {
      state += GOLDEN_GAMMA;
      LONGS.set(expected, i, mix(state));
    }
    for (int i = whole; i < expected.length; i++) {
      state += GOLDEN_GAMMA;
      expected[i] = (byte) mix(state);
    }
    return expected;
  }

  /** Whether the bytes are the value of that version. */
  boolean matches(byte[] value, int key, int version) {
    return Arrays.equals(value, of(key, version));
  }

  /** What is wrong with a value, for a person. */
  String explain(byte[] value, int key, int version) {
    for (int back = 1; back <= EARLIER_VERSIONS && back < version; back++) {
      if (matches(value, key, version - back)) {
        return "holds version %d instead of %d".formatted(version - back, version);
      }
    }
    return "differs from version %d from byte %d of %d on"
        .formatted(version, Arrays.mismatch(value, of(key, version)), value.length);
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
