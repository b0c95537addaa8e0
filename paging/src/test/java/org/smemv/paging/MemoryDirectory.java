package org.smemv.paging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.smemv.linux.MemoryMount;

/**
 * A directory for the files of a VM, on a tmpfs as an agent has it; gone with all of it at last.
 */
final class MemoryDirectory implements AutoCloseable {
  private final Path path;

  MemoryDirectory() throws IOException {
    path = Files.createTempDirectory("smemv-test");
    MemoryMount.ensure(path);
  }

  Path resolve(String file) {
    return path.resolve(file);
  }

  @Override
  public void close() throws IOException {
    MemoryMount.remove(path);
    Files.delete(path);
  }
}
