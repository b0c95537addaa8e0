package org.smemv.node.qemu;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A version of QEMU.
 *
 * @param packageName the distribution's name for it, may be empty
 */
public record QemuVersion(int major, int minor, int micro, String packageName) {
  /** Before the greeting. */
  static final QemuVersion UNKNOWN = new QemuVersion(0, 0, 0, "");

  static QemuVersion fromGreeting(JsonNode greeting) {
    JsonNode version = greeting.path("QMP").path("version");
    JsonNode numbers = version.path("qemu");
    return new QemuVersion(
        numbers.path("major").asInt(),
        numbers.path("minor").asInt(),
        numbers.path("micro").asInt(),
        version.path("package").asText(""));
  }

  /** Such as {@code 7.2.22}. */
  @Override
  public String toString() {
    return major + "." + minor + "." + micro;
  }
}
