package org.smemv.node.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What QEMU and the guest's console said of the VMs that were the last to end on this host or to
 * leave it: a folder for each, the oldest of which make way for new ones. Whoever asks why a VM
 * broke does so later, and may have stopped it before. Any thread.
 */
final class EndedLogs {
  private static final Logger log = LoggerFactory.getLogger(EndedLogs.class);

  /** Enough for some days of moves, or for emptying a full host. */
  static final int VMS_MAX = 200;

  /** A guest may say much on its console. */
  static final long BYTES_MAX = 256L << 20;

  /** By which the folders are sorted. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final HostPaths paths;

  EndedLogs(HostPaths paths) {
    this.paths = paths;
  }

  /**
   * Moves the logs of a VM there of which nothing else is here any more. What cannot be moved stays
   * where it is: whatever the VM had is free all the same.
   */
  void keep(String name) {
    Path directory = paths.vm(name);
    synchronized (EndedLogs.class) { // of several that end, all but one may find a folder gone
      try {
        if (Files.isDirectory(directory)) {
          move(directory, name);
          removeIfEmpty(directory);
          makeWay();
        }
      } catch (IOException | UncheckedIOException e) {
        log.warn("VM {}: its logs are not put aside: {}", name, e.toString());
      }
    }
  }

  private void move(Path directory, String name) throws IOException {
    Path folder = paths.ended().resolve(TIME.format(Instant.now()) + "-" + name);
    try (DirectoryStream<Path> logs = Files.newDirectoryStream(directory, "*.log")) {
      for (Path file : logs) {
        if (Files.size(file) == 0) {
          Files.delete(file);
        } else {
          Files.createDirectories(folder);
          Files.move(file, folder.resolve(file.getFileName()));
        }
      }
    }
  }

  private static void removeIfEmpty(Path directory) throws IOException {
    try {
      Files.delete(directory);
    } catch (DirectoryNotEmptyException e) {
      log.debug("{} stays, as it has files of others", directory);
    }
  }

  /** The newest stays, however large it is. */
  private void makeWay() throws IOException {
    long bytes = 0;
    int count = 0;
    for (Path folder : newestFirst()) {
      bytes += bytes(folder);
      count++;
      if (count > 1 && (count > VMS_MAX || bytes > BYTES_MAX)) {
        remove(folder);
      }
    }
  }

  private List<Path> newestFirst() throws IOException {
    List<Path> folders = new ArrayList<>();
    if (Files.isDirectory(paths.ended())) {
      try (Stream<Path> all = Files.list(paths.ended())) {
        all.filter(Files::isDirectory).sorted(Comparator.reverseOrder()).forEach(folders::add);
      }
    }
    return folders;
  }

  private static long bytes(Path folder) throws IOException {
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private static void remove(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
