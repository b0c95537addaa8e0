package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.smemv.node.command.SmemvCommand;

/**
 * This build's agent with two habits for tests: its reservations lapse after seconds, and at the
 * very moment that it logs what a test has foretold it dies as by SIGKILL, has another process die,
 * or cuts a host's link. The thread that logs does not get a step further meanwhile, which nothing
 * that is done from outside can promise.
 */
public final class MortalAgent implements AgentProgram {
  private static final String FILE = "smemv.lab.dies.at";
  private static final String PROCESS = "process ";
  private static final String AGENT = "agent of ";
  private static final String LINK = "link of ";
  private static final int KILLED = 137;

  private final AgentProgram agent = AgentProgram.ofThisBuild();
  private final Function<HostPlan, List<String>> options;

  /**
   * @param options of a host's agent's command line, beside those that every agent has
   */
  MortalAgent(Function<HostPlan, List<String>> options) {
    this.options = options;
  }

  /** What runs in the agent's process. */
  public static void main(String... args) {
    Logger.getLogger("").addHandler(new Death(Path.of(System.getProperty(FILE))));
    SmemvCommand.main(args);
  }

  /** From now on a process dies, once, when a line of the host's agent's log contains this. */
  static void foretell(HostPlan host, String line, RecordedProcess victim) throws IOException {
    foretell(host, line, PROCESS + victim.pid());
  }

  /** The same of the agent that this host has then. */
  static void foretellDeath(HostPlan host, String line, String ofHost) throws IOException {
    foretell(host, line, AGENT + ofHost);
  }

  /** From now on the link of a host is cut, once, when a line of the first one's log has this. */
  static void foretellCut(HostPlan host, String line, String ofHost) throws IOException {
    foretell(host, line, LINK + ofHost);
  }

  private static void foretell(HostPlan host, String line, String what) throws IOException {
    Path next = host.folder().resolve("next-death");
    Files.writeString(next, what + "\n" + line);
    Files.move(next, file(host));
  }

  /** Whether nothing is foretold that has not begun to come to pass. */
  static boolean hasComeToPass(HostPlan host) {
    return !Files.exists(file(host));
  }

  /** Whatever was foretold does not come to pass. */
  static void spare(HostPlan host) throws IOException {
    Files.deleteIfExists(file(host));
  }

  private static Path file(HostPlan host) {
    return host.folder().resolve("dies-at");
  }

  @Override
  public void prepare() {
    agent.prepare();
  }

  @Override
  public List<String> command(HostPlan host) {
    List<String> command = new ArrayList<>(agent.command(host));
    command.set(command.indexOf(SmemvCommand.class.getName()), MortalAgent.class.getName());
    command.addAll(
        1, List.of("-Dsmemv.reservation.lapse.seconds=10", "-D" + FILE + "=" + file(host)));
    command.addAll(options.apply(host));
    return command;
  }

  @Override
  public boolean answers(HostPlan host) {
    return agent.answers(host);
  }

  private static final class Death extends Handler {
    private final Path file;

    Death(Path file) {
      this.file = file;
    }

    @Override
    public void publish(LogRecord record) {
      try {
        if (Files.exists(file)) {
          List<String> foretold = Files.readAllLines(file);
          if (new SimpleFormatter().formatMessage(record).contains(foretold.get(1))) {
            Files.delete(file);
            comesToPass(foretold.getFirst());
          }
        }
      } catch (IOException e) {
        throw new IllegalStateException("cannot read " + file, e);
      }
    }

    private static void comesToPass(String what) {
      if (what.startsWith(LINK)) {
        LabNetwork.cut(lab().plan().host(what.substring(LINK.length())));
      } else if (what.startsWith(AGENT)) {
        kill(lab().agents().get(what.substring(AGENT.length())).pid());
      } else {
        kill(Long.parseLong(what.substring(PROCESS.length())));
      }
    }

    private static LabState lab() {
      return LabState.read(LabFiles.STATE).orElseThrow();
    }

    private static void kill(long victim) {
      if (victim == ProcessHandle.current().pid()) {
        Runtime.getRuntime().halt(KILLED);
      }
      ProcessHandle.of(victim)
          .ifPresent(
              process -> {
                process.destroyForcibly();
                process.onExit().join();
              });
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
