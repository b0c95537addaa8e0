package org.smemv.node.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.RecordFile;
import org.smemv.node.api.Json;
import org.smemv.node.api.SetDraining;

/**
 * Whether this host takes nothing new because it is to be emptied, and how. A file says so, which
 * outlives the agent and the machine. Safe for use by many threads.
 */
final class Draining {
  private static final Logger log = LoggerFactory.getLogger(Draining.class);
  private static final SetDraining OFF = new SetDraining(false);

  private final Path file;
  private volatile SetDraining wanted;

  /**
   * @param file in a directory that exists; it is there while the host is draining
   * @throws IOException when it is there and cannot be read
   */
  Draining(Path file) throws IOException {
    this.file = file;
    this.wanted = Files.exists(file) ? read(file) : OFF;
  }

  /** A file that makes no sense still says that the host is draining. */
  private static SetDraining read(Path file) throws IOException {
    String text = Files.readString(file);
    try {
      if (!text.isBlank()) { // agents before this one wrote nothing into it
        SetDraining read = Json.read(text, SetDraining.class);
        return new SetDraining(true, read.atOnce(), read.mode(), read.fast());
      }
    } catch (JsonProcessingException e) {
      log.error("{}: {}: this host drains in the usual way", file, Json.reason(e));
    }
    return new SetDraining(true);
  }

  boolean isOn() {
    return wanted.draining();
  }

  /** What was asked for last. */
  SetDraining wanted() {
    return wanted;
  }

  /** Changes it; durable when it returns. */
  synchronized void set(SetDraining next) throws IOException {
    if (next.draining()) {
      RecordFile.replace(file, Json.write(next));
    } else {
      RecordFile.delete(file);
    }
    if (isOn() != next.draining()) {
      log.info("this host {}", next.draining() ? "is draining: it is emptied" : "drains no more");
    }
    wanted = next;
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
