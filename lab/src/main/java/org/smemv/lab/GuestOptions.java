package org.smemv.lab;

/**
 * What a guest of the lab is told on its kernel command line. Immutable.
 *
 * @param address of its first network card, such as {@code 10.77.1.10/16}; empty for none
 * @param memcachedMebibytes memcached's memory in MiB (port 11211); 0 for no memcached
 * @param stressBytes memory that stress-ng writes and verifies for ever; 0 for no stress-ng
 */
public record GuestOptions(String address, int memcachedMebibytes, long stressBytes) {
  /** The address that the demo and the tests use. */
  public static final String DEFAULT_ADDRESS = "10.77.1.10/16";

  /** A guest with a network and nothing to do. */
  public static GuestOptions idle() {
    return new GuestOptions(DEFAULT_ADDRESS, 0, 0);
  }

  /** The same with memcached of that size. */
  public GuestOptions withMemcached(int mebibytes) {
    return new GuestOptions(address, mebibytes, stressBytes);
  }

  /** The same with stress-ng on so many bytes. */
  public GuestOptions withStress(long bytes) {
    return new GuestOptions(address, memcachedMebibytes, bytes);
  }

  /** For QEMU's {@code -append}. */
  public String commandLine() {
    // Guests are trusted, and TCG pays for every mitigation with translated code.
    StringBuilder line = new StringBuilder("console=ttyS0 quiet panic=1 mitigations=off");
    if (!address.isEmpty()) {
      line.append(" smemv.ip=").append(address);
    }
    if (memcachedMebibytes > 0) {
      line.append(" smemv.memcached=").append(memcachedMebibytes);
    }
    if (stressBytes > 0) {
      line.append(" smemv.stress=").append(stressBytes >> 10).append('K');
    }
    return line.toString();
  }
}
