package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostException;
import org.smemv.node.RecordFile;
import org.smemv.node.agent.VmRecord.TakenNote;

/**
 * Which VMs this host took in which epoch, so that a source that never heard of it gets the same
 * answer whenever it asks, also when the VM has left or ended here meanwhile: one small file for
 * each VM, with the epoch and the sources on a line each.
 *
 * <p>How long is a note needed? Only the source of a migration asks for its outcome, and only while
 * it has a record of the VM: without one, a restarted agent there finds nothing to ask about and
 * nothing to let run. That may be long after, as its agent may be down for days while its stopped
 * QEMU lives on; so no note is too old. It goes when the source itself has said that it knows
 * nothing of the VM any more ({@link #prune}), and stays for as long as the source cannot be asked.
 * A VM that comes a second time may have two such sources, which are both remembered. Safe for use
 * by many threads.
 */
final class TakenVms {
  private static final Logger log = LoggerFactory.getLogger(TakenVms.class);

  /** Asks a host whether it has anything of a VM: {@link HostRequest.Holds}. */
  interface Sources {
    boolean holds(String host, UUID vm) throws HostException;
  }

  private final Path directory;

  TakenVms(Path directory) {
    this.directory = directory;
  }

  /** Notes that a VM came here, durably. After its record says so. */
  synchronized void note(VmRecord record) throws IOException {
    TakenNote note = record.note();
    if (note != null) {
      Files.createDirectories(directory);
      write(record.id(), note.after(readOrNull(record.id())));
    }
  }

  private void write(UUID vm, TakenNote note) throws IOException {
    RecordFile.replace(file(vm), note.epoch() + "\n" + String.join("\n", note.sources()) + "\n");
  }

  private Path file(UUID vm) {
    return directory.resolve(vm.toString());
  }

  /** Whether the VM was taken in this epoch or a later one. */
  synchronized boolean has(UUID vm, long epoch) {
    TakenNote note = read(vm);
    return note != null && note.epoch() >= epoch;
  }

  private @Nullable TakenNote read(UUID vm) {
    Path file = file(vm);
    if (!Files.exists(file)) {
      return null;
    }
    try {
      List<String> lines = Files.readAllLines(file);
      if (lines.isEmpty()) {
        throw new IOException("it is empty");
      }
      return new TakenNote(Long.parseLong(lines.getFirst()), lines.subList(1, lines.size()));
    } catch (IOException | NumberFormatException e) {
      // To say that the VM was not taken could make it run twice.
      throw new IllegalStateException(file + " is damaged: " + e.getMessage(), e);
    }
  }

  /** Removes the notes that nobody can ask for any more. May take seconds for each host. */
  void prune(Sources sources) throws IOException {
    Set<String> unreachable = new HashSet<>();
    for (UUID vm : all()) {
      TakenNote note = readOrNull(vm);
      if (note == null) {
        continue;
      }
      List<String> gone = new ArrayList<>();
      for (String source : note.sources()) {
        if (!unreachable.contains(source) && knowsNothing(sources, source, vm, unreachable)) {
          gone.add(source);
        }
      }
      if (!gone.isEmpty()) {
        forget(vm, note, gone);
      }
    }
  }

  private static boolean knowsNothing(
      Sources sources, String source, UUID vm, Set<String> unreachable) {
    try {
      return !sources.holds(source, vm);
    } catch (HostException | IllegalArgumentException e) {
      unreachable.add(source);
      log.info("VM {}: the note that it came from {} is kept: {}", vm, source, e.getMessage());
      return false;
    }
  }

  private synchronized @Nullable TakenNote readOrNull(UUID vm) {
    try {
      return read(vm);
    } catch (IllegalStateException e) {
      log.warn("{}", e.getMessage());
      return null;
    }
  }

  private List<UUID> all() throws IOException {
    List<UUID> vms = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> !name.endsWith(RecordFile.UNFINISHED))
            .forEach(name -> vms.add(UUID.fromString(name)));
      }
    }
    return vms;
  }

  /** The VM may have come again while its former sources were asked: that is another note. */
  private synchronized void forget(UUID vm, TakenNote asked, List<String> gone) throws IOException {
    if (asked.equals(read(vm))) {
      TakenNote rest = asked.without(gone);
      if (rest == null) {
        RecordFile.delete(file(vm));
      } else {
        write(vm, rest);
      }
    }
  }
}
