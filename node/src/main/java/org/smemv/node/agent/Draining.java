package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.RecordFile;

/**
 * Whether this host takes nothing new because it is to be emptied. A file says so, which outlives
 * the agent and the machine. Safe for use by many threads.
 */
final class Draining {
  private static final Logger log = LoggerFactory.getLogger(Draining.class);

  private final Path file;
  private volatile boolean on;

  /**
   * @param file in a directory that exists; it is there while the host is draining
   */
  Draining(Path file) {
    this.file = file;
    this.on = Files.exists(file);
  }

  boolean isOn() {
    return on;
  }

  /** Changes it; durable when it returns. */
  synchronized void set(boolean wanted) throws IOException {
    if (wanted) {
      RecordFile.replace(file, "");
    } else {
      RecordFile.delete(file);
    }
    if (on != wanted) {
      log.info("this host {}", wanted ? "is draining: it takes nothing new" : "drains no more");
    }
    on = wanted;
  }

  /** What whoever wants to bring something to a draining host is told. */
  static String refusal(String host) {
    return "host "
        + host
        + " is draining: choose another host, or end that with 'smemv host undrain "
        + host
        + "'";
  }
}
