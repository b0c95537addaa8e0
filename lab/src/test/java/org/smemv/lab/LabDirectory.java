package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.DirectoryClient;
import org.smemv.node.api.DirectoryOperations;
import org.smemv.node.command.SmemvCommand;

/** A directory beside a lab's hosts; it ends with the lab. One thread may restart it. */
final class LabDirectory {
  private static final String DATA = LabNetwork.CLIENT_ADDRESS + ":7410";
  private static final Duration STARTS = Duration.ofSeconds(30);
  private static final Duration ENDS = Duration.ofSeconds(10);

  /** What has an agent tell it of its host. */
  static final List<String> AGENT_OPTIONS = List.of("--directory", DATA);

  private final Lab lab;
  private final Path folder = LabFiles.LAB.resolve("directory");
  private final Path socket = folder.resolve("api/api.sock");
  private RecordedProcess process;

  private LabDirectory(Lab lab) {
    this.lab = lab;
    this.process = launch();
  }

  static LabDirectory start(Lab lab) {
    return new LabDirectory(lab);
  }

  private RecordedProcess launch() {
    List<String> command =
        QuickStart.command(
            SmemvCommand.class.getName(),
            List.of("-Xms32m", "-Xmx96m"),
            "directory",
            "--api",
            address(),
            "--data",
            DATA);
    Path log = folder.resolve("directory.log");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new LabException("cannot make " + folder + ": " + e, e);
    }
    RecordedProcess started = lab.client().place().startDetached(command, log);
    if (!Pause.until(STARTS, () -> JavaAgentProgram.answers(socket))) {
      throw new LabException("the directory does not answer: " + LogTail.of(log));
    }
    return started;
  }

  /** Kills it and starts the next one, which knows nothing at first. */
  void restart() {
    process.kill();
    startAfterDeath();
  }

  /** Once it has died, starts the next one. */
  void startAfterDeath() {
    if (!Pause.until(ENDS, () -> !process.isAlive())) {
      throw new LabException("the directory (process " + process.pid() + ") does not end");
    }
    process = launch();
  }

  /** As it was last started; it may have ended since. */
  RecordedProcess process() {
    return process;
  }

  /** For {@code --directory}. */
  String address() {
    return "unix:" + socket;
  }

  /** What can be asked of it; any thread. */
  DirectoryOperations operations() {
    return new DirectoryClient(ApiAddress.parse("directory", address()));
  }
}
