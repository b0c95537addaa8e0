package org.smemv.lab.simulator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All that happened, a line each; its hash tells two runs apart. Lines are kept if wanted. */
final class Trace {
  private static final long PRIME = 0x100000001b3L;

  private final List<String> lines;
  private long hash = 0xcbf29ce484222325L;
  private long count;

  Trace(boolean kept) {
    this.lines = kept ? new ArrayList<>() : null;
  }

  void add(long nanos, String what) {
    hash = (hash ^ nanos) * PRIME;
    for (int i = 0; i < what.length(); i++) {
      hash = (hash ^ what.charAt(i)) * PRIME;
    }
    count++;
    if (lines != null) {
      lines.add("%12.6f %s".formatted(nanos / 1e9, what));
    }
  }

  long hash() {
    return hash;
  }

  long count() {
    return count;
  }

  void write(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, lines);
  }
}
