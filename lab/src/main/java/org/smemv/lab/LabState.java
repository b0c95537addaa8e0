package org.smemv.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What one process writes down of a lab so that another can go on with it. Immutable.
 *
 * @param bootId the kernel's random name of this boot; after another boot nothing of it is left
 * @param complete false from before the first namespace is made until the last agent answers
 * @param plan what was asked for
 * @param agentCommands the command of each host's agent, by host name
 * @param agents the running (or killed) agent of each host, by host name
 */
record LabState(
    String bootId,
    boolean complete,
    LabPlan plan,
    Map<String, List<String>> agentCommands,
    Map<String, RecordedProcess> agents) {
  /** Without "is" getters, so that a record is its components and nothing else. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  /** Copies the maps. */
  LabState {
    agentCommands = Map.copyOf(agentCommands);
    agents = Map.copyOf(agents);
  }

  static LabState starting(LabPlan plan, Map<String, List<String>> agentCommands) {
    return new LabState(currentBoot(), false, plan, agentCommands, Map.of());
  }

  LabState withAgent(String host, RecordedProcess agent) {
    Map<String, RecordedProcess> changed = new TreeMap<>(agents);
    changed.put(host, agent);
    return new LabState(bootId, complete, plan, agentCommands, changed);
  }

  LabState completed() {
    return new LabState(bootId, true, plan, agentCommands, agents);
  }

  /** Whether it speaks of the time since the machine was last started. */
  boolean isOfThisBoot() {
    return bootId.equals(currentBoot());
  }

  /**
   * What a file says; empty when there is none.
   *
   * @throws LabException when it is unreadable
   */
  static Optional<LabState> read(Path file) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(file.toFile(), LabState.class));
    } catch (IOException e) {
      throw new LabException(
          "%s is unreadable; 'smemv lab down' removes what is left of the lab: %s"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /** Replaces the file at once: a reader sees the old or the new state. */
  void write(Path file) {
    writeJson(file, this);
  }

  static void writeJson(Path file, Object value) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Path aside = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(aside, JSON.writeValueAsString(value) + "\n");
      Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a value that is no JSON", e);
    } catch (IOException e) {
      throw new LabException("cannot write " + file + ": " + e, e);
    }
  }

  private static String currentBoot() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      throw new LabException("cannot read this boot's identity: " + e, e);
    }
  }
}
