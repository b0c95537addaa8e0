package org.smemv.node.qemu;

/**
 * One reason why a QEMU's memory cannot be taken over.
 *
 * @param what the device or setting
 * @param why what would go wrong
 * @param remedy what to set instead
 */
public record Refusal(String what, String why, String remedy) {
  @Override
  public String toString() {
    return what + ": " + why + "; " + remedy;
  }
}
