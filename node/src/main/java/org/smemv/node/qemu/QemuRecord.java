package org.smemv.node.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.smemv.node.RecordFile;

/**
 * What a restarted agent needs to find a QEMU again, kept as a file in the VM's directory.
 *
 * @param spec null for a QEMU that was started by somebody else
 * @param tap the tap device to remove at the end
 */
record QemuRecord(
    String name,
    @Nullable QemuSpec spec,
    String host,
    String ramFile,
    String qmpSocket,
    Accelerator accelerator,
    @Nullable String tap,
    QemuProcess process) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** The record in a VM's directory; empty when no QEMU was started there. */
  static Optional<QemuRecord> read(Path file) throws IOException {
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      // Nothing else says that there is no record: a host without free descriptors reads none.
      return Optional.empty();
    }
    try {
      return Optional.of(MAPPER.readValue(text, QemuRecord.class));
    } catch (JsonProcessingException e) {
      throw new QemuException(
          QemuException.Kind.BAD_RECORD,
          file + " is damaged: " + e.getMessage() + ". Stop its QEMU by hand and remove the file",
          e);
    }
  }

  /** Replaces the record; durable when it returns. */
  void write(Path file) throws IOException {
    RecordFile.replace(file, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(this));
  }
}
