package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.smemv.node.RecordFile;
import org.smemv.node.agent.VmRecord.Phase;

/**
 * Which VMs this host took in which epoch, so that a source that never heard of it gets the same
 * answer for ever, also when the VM has left or ended here meanwhile: one small file for each VM.
 */
final class TakenVms {
  private final Path directory;

  TakenVms(Path directory) {
    this.directory = directory;
  }

  /** Notes that a VM is here. After its record says so. */
  void note(VmRecord record) throws IOException {
    if (record.phase() == Phase.HERE) {
      Files.createDirectories(directory);
      RecordFile.replace(directory.resolve(record.id().toString()), Long.toString(record.epoch()));
    }
  }

  /** Whether the VM was taken in this epoch or a later one. */
  boolean has(UUID vm, long epoch) {
    Path file = directory.resolve(vm.toString());
    try {
      List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
      return !lines.isEmpty() && Long.parseLong(lines.getFirst()) >= epoch;
    } catch (IOException | NumberFormatException e) {
      throw new IllegalStateException(file + " is damaged: " + e.getMessage(), e);
    }
  }
}
