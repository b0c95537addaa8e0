package org.smemv.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A named network namespace, as {@code ip netns} makes it.
 *
 * @param name below {@code /run/netns}
 */
record NetworkNamespace(String name) {
  static final Path FOLDER = Path.of("/run/netns");

  void create() {
    ExternalProgram.of("ip", "netns", "add", name).output();
  }

  /** Its links go with it, once nobody runs in it. Nothing happens when there is none. */
  void delete() {
    if (exists()) {
      ExternalProgram.of("ip", "netns", "delete", name).output();
    }
  }

  boolean exists() {
    return Files.exists(path());
  }

  private Path path() {
    return FOLDER.resolve(name);
  }

  /** Runs lines of {@code ip}, all in one process; stops at the first that fails. */
  void ip(List<String> lines) {
    ExternalProgram.of("ip", "-n", name, "-batch", "-")
        .withInput(String.join("\n", lines))
        .output();
  }

  /** Runs one {@code tc} command inside. */
  void tc(String... arguments) {
    List<String> command = new ArrayList<>(List.of("tc", "-n", name));
    command.addAll(List.of(arguments));
    ExternalProgram.of(command).output();
  }

  /**
   * The command that runs another one inside. Only the network changes: with {@code ip netns exec}
   * it would also get mounts of its own, and neither see cgroups nor share the agent's tmpfs.
   */
  List<String> enter(List<String> command) {
    List<String> whole = new ArrayList<>(List.of("nsenter", "--net=" + path(), "--"));
    whole.addAll(command);
    return whole;
  }
}
