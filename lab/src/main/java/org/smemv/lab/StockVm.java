package org.smemv.lab;

/**
 * A VM of the baseline, and of tests that need a guest but no agent.
 *
 * @param name names its files and its tap; at most 11 characters
 * @param memoryBytes its RAM, whole MiB
 * @param cpus 1 or more
 * @param mac of its one network card
 * @param guest what runs in it
 */
public record StockVm(String name, long memoryBytes, int cpus, String mac, GuestOptions guest) {
  /** Linux allows 15 characters for a network device. */
  private static final int NAME_MAX = 15 - "tap-".length();

  /**
   * Rejects a name that would make no network device.
   *
   * @throws LabException when it is too long
   */
  public StockVm {
    if (name.length() > NAME_MAX) {
      throw new LabException("'%s' is longer than %d characters".formatted(name, NAME_MAX));
    }
  }

  /** With one CPU and a fixed hardware address. */
  public static StockVm of(String name, long memoryBytes, GuestOptions guest) {
    return new StockVm(name, memoryBytes, 1, "52:54:00:4d:56:01", guest);
  }

  String tap() {
    return "tap-" + name;
  }
}
