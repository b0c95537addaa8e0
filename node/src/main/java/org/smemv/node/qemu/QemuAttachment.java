package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A running QEMU that somebody else started and that passed the inspection.
 *
 * @param body with the monitor open; recorded, so that {@link QemuBody#reopen} finds it
 * @param found what the inspection found
 */
public record QemuAttachment(QemuBody body, Suitability.Suitable found) {
  /**
   * Attaches to a QEMU. Changes nothing in it; a refusal leaves nothing behind.
   *
   * @param vm the VM's name from now on
   * @param host this host's name
   * @param directory the VM's directory, made when it is not there
   * @param pid QEMU's process id
   * @param socket its QMP socket
   * @param timeout for the monitor's greeting
   * @throws QemuException {@code NO_SUCH_PROCESS}, {@code NOT_QEMU}, {@code SOCKET_OF_ANOTHER} or
   *     {@code UNSUITABLE}
   */
  public static QemuAttachment attach(
      String vm, String host, Path directory, long pid, Path socket, Duration timeout)
      throws IOException {
    QemuProcess process = QemuInspection.identify(pid);
    requireNone(vm, QemuInspection.commandLineRefusals(process));
    Qmp qmp = Qmp.connect(vm, socket, timeout);
    try {
      return record(vm, host, directory, socket, qmp, inspect(vm, process, qmp));
    } catch (IOException | RuntimeException e) {
      qmp.close();
      throw e;
    }
  }

  private static Suitability.Suitable inspect(String vm, QemuProcess process, Qmp qmp)
      throws IOException {
    return switch (QemuInspection.inspect(process, qmp)) {
      case Suitability.Suitable suitable -> suitable;
      case Suitability.Unsuitable unsuitable -> {
        requireNone(vm, unsuitable.refusals());
        throw new IllegalStateException("unsuitable without a reason");
      }
    };
  }

  private static void requireNone(String vm, List<Refusal> refusals) throws QemuException {
    if (!refusals.isEmpty()) {
      throw new QemuException(
          QemuException.Kind.UNSUITABLE,
          "VM " + vm + " cannot be taken over: " + new Suitability.Unsuitable(refusals).describe());
    }
  }

  private static QemuAttachment record(
      String vm, String host, Path directory, Path socket, Qmp qmp, Suitability.Suitable found)
      throws IOException {
    QemuPlace place = new QemuPlace(host, directory, found.ramFile());
    Files.createDirectories(place.directory());
    QemuRecord record =
        new QemuRecord(
            vm,
            null,
            host,
            found.ramFile().toString(),
            socket.toAbsolutePath().toString(),
            found.accelerator(),
            null,
            found.process());
    record.write(place.record());
    return new QemuAttachment(new QemuBody(record, place.record(), qmp), found);
  }
}
