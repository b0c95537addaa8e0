package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An open file of a process, from {@code /proc/PID/fd} and {@code fdinfo}; see proc(5).
 *
 * @param target what it leads to
 * @param direct whether it was opened with {@code O_DIRECT}
 */
record OpenDescriptor(String target, boolean direct) {
  /** On x86-64, from the kernel's fcntl.h. */
  private static final int O_DIRECT = 040000;

  static List<OpenDescriptor> of(QemuProcess process) throws IOException {
    List<OpenDescriptor> open = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(process.proc("fd"))) {
      for (Path entry : entries) {
        try {
          String target = Files.readSymbolicLink(entry).toString();
          open.add(new OpenDescriptor(target, isDirect(process, entry)));
        } catch (NoSuchFileException e) {
          // Closed since the listing; QEMU opens and closes all the time.
        }
      }
    }
    return open;
  }

  private static boolean isDirect(QemuProcess process, Path entry) throws IOException {
    Path info = process.proc("fdinfo").resolve(entry.getFileName());
    for (String line : Files.readAllLines(info)) {
      if (line.startsWith("flags:")) {
        return (Integer.parseInt(line.substring("flags:".length()).strip(), 8) & O_DIRECT) != 0;
      }
    }
    return false;
  }
}
