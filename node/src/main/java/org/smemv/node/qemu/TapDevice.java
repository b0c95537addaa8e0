package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A persistent tap device on a bridge of this network namespace, made with ip(8). */
final class TapDevice {
  private static final int COMMAND_SECONDS_MAX = 10;

  private TapDevice() {}

  /** Makes the device, attaches it to the bridge and brings it up. Replaces one left behind. */
  static void create(String vm, String tap, String bridge) throws QemuException {
    remove(vm, tap);
    try {
      ip(vm, "tuntap", "add", "dev", tap, "mode", "tap");
      ip(vm, "link", "set", tap, "master", bridge);
      ip(vm, "link", "set", tap, "up");
    } catch (QemuException e) {
      removeQuietly(vm, tap);
      throw e;
    }
  }

  /** Removes the device; one that is not there is fine. */
  static void remove(String vm, String tap) throws QemuException {
    if (exists(tap)) {
      ip(vm, "link", "delete", tap);
    }
  }

  private static void removeQuietly(String vm, String tap) {
    try {
      remove(vm, tap);
    } catch (QemuException e) {
      // The failure that led here is the one to report.
    }
  }

  /** Not by sysfs: it shows the network namespace it was mounted in, which may be another. */
  private static boolean exists(String tap) throws QemuException {
    return run("link", "show", "dev", tap).status() == 0;
  }

  private static void ip(String vm, String... arguments) throws QemuException {
    Result result = run(arguments);
    if (result.status() != 0) {
      throw new QemuException(
          QemuException.Kind.NETWORK,
          "VM "
              + vm
              + ": ip "
              + String.join(" ", arguments)
              + ": "
              + result.output().strip()
              + ". Does the bridge exist, and has the agent CAP_NET_ADMIN?");
    }
  }

  private record Result(int status, String output) {}

  private static Result run(String... arguments) throws QemuException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      // What ip(8) says fits the pipe, so it ends without a reader.
      if (!process.waitFor(COMMAND_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return new Result(-1, "no end within " + COMMAND_SECONDS_MAX + " s");
      }
      byte[] output = process.getInputStream().readAllBytes();
      return new Result(process.exitValue(), new String(output, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new QemuException(
          QemuException.Kind.NETWORK, "cannot run ip(8): install iproute2: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result(-1, "interrupted");
    }
  }
}
