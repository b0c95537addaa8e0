package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.HostEntry;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostsFile;

/**
 * Many hosts on one machine. Each is a network namespace with a shaped link to one switch, a memory
 * limit, and an agent. All there is to know of a lab is in its state file, so any process can go on
 * with one that another started; there is at most one on a machine. Not for use by several threads
 * at once.
 */
public final class Lab implements AutoCloseable {
  private static final Duration AGENT_START_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration AGENT_END_TIMEOUT = Duration.ofSeconds(10);
  private static final String CLIENT_GROUP = "client";

  private final LabPlan plan;
  private final AgentProgram program;
  private final MemoryHierarchy memory;

  private Lab(LabPlan plan, AgentProgram program) {
    this.plan = plan;
    this.program = program;
    this.memory = MemoryHierarchy.ofMachine();
  }

  /**
   * Whether this machine can have a lab, before anything is built for it.
   *
   * @throws LabException naming the first thing that is missing, and how to get it
   */
  public static void checkMachine() {
    LabRequirements.check();
  }

  /**
   * Starts a lab with the agents of this build.
   *
   * @throws LabException when this machine cannot have one, when one is up already, or when a part
   *     does not start; nothing is left of it then
   */
  public static Lab up(LabPlan plan) {
    return up(plan, AgentProgram.ofThisBuild());
  }

  /** The same with another program in the agents' place. */
  public static Lab up(LabPlan plan, AgentProgram program) {
    LabRequirements.check();
    try (LabLock _ = LabLock.take()) {
      refuseSecond();
      program.prepare();
      LabTeardown.removeAll();
      Lab lab = new Lab(plan, program);
      try {
        lab.build();
      } catch (LabException e) {
        throw undone(e);
      }
      return lab;
    }
  }

  /** The failure of an "up", after what it had made was removed. */
  private static LabException undone(LabException failure) {
    // What was interrupted is the start; the removal must go to its end.
    boolean interrupted = Thread.interrupted();
    try {
      LabTeardown.removeAll();
    } catch (LabException second) {
      failure.addSuppressed(second);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return failure;
  }

  private static void refuseSecond() {
    Optional<LabState> other = LabState.read(LabFiles.STATE).filter(LabState::isOfThisBoot);
    if (other.isPresent()) {
      throw new LabException(
          "a lab with %d hosts is already %s on this machine; 'smemv lab down' removes it"
              .formatted(
                  other.get().plan().hosts().size(), other.get().complete() ? "up" : "half made"));
    }
  }

  /**
   * The lab that another process started.
   *
   * @throws LabException when there is none, or only a half made one
   */
  public static Lab running() {
    LabState state =
        LabState.read(LabFiles.STATE)
            .filter(LabState::isOfThisBoot)
            .orElseThrow(
                () -> new LabException("no lab is up; 'smemv lab up --hosts 4' starts one"));
    if (!state.complete()) {
      throw new LabException("the lab is only half made; 'smemv lab down' removes it");
    }
    return new Lab(state.plan(), AgentProgram.ofThisBuild());
  }

  /**
   * Removes whatever there is of a lab, also after a crash; nothing happens when there is none.
   *
   * @throws LabException naming what could not be removed
   */
  public static void down() {
    LabRequirements.requireRoot();
    try (LabLock _ = LabLock.await()) {
      LabTeardown.removeAll();
    }
  }

  /** The same as {@link #down()}. */
  @Override
  public void close() {
    down();
  }

  /** What it looks like. */
  public LabPlan plan() {
    return plan;
  }

  /** Its hosts file, for {@code --hosts-file}. */
  public Path hostsFile() {
    return LabFiles.HOSTS;
  }

  /** All hosts, in the order of their numbers. */
  public List<LabHost> hosts() {
    return plan.hosts().stream().map(host -> new LabHost(host, memory)).toList();
  }

  /**
   * One host.
   *
   * @throws LabException when there is none of that name
   */
  public LabHost host(String name) {
    return new LabHost(plan.host(name), memory);
  }

  /**
   * What a host's operator can ask it.
   *
   * @throws LabException when there is no host of that name
   */
  public HostOperations operations(String host) {
    HostPlan asked = plan.host(host);
    return new ApiClient(
        new HostEntry(
            asked.name(), asked.api(), HostsFile.address("host " + asked.name(), asked.data())));
  }

  /** The client beside the hosts. */
  public ClientView client() {
    return new ClientView(new LabPlace(LabNetwork.CLIENT, memory.group(CLIENT_GROUP)));
  }

  /** The agent of that host, as it was last started; it may have ended since. */
  public Optional<RecordedProcess> agent(String host) {
    return Optional.ofNullable(state().agents().get(plan.host(host).name()));
  }

  /** SIGKILL to the host's agent alone; its VMs go on. Returns when it is gone. */
  public void killAgent(String host) {
    agent(host)
        .ifPresent(
            agent -> {
              agent.kill();
              if (!Pause.until(AGENT_END_TIMEOUT, () -> !agent.isAlive())) {
                throw new LabException(
                    "the agent of %s (process %d) does not end".formatted(host, agent.pid()));
              }
            });
  }

  /**
   * Starts the host's agent again, with the command that it was first started with.
   *
   * @throws LabException when it runs, or does not answer within 30 s
   */
  public void startAgent(String host) {
    if (agent(host).filter(RecordedProcess::isAlive).isPresent()) {
      throw new LabException("the agent of " + host + " is running already");
    }
    launch(plan.host(host));
    awaitAgent(plan.host(host));
  }

  private void build() {
    Map<String, List<String>> commands = new TreeMap<>();
    plan.hosts().forEach(host -> commands.put(host.name(), program.command(host)));
    // Written before anything is made: whatever kills us from here on, 'down' knows.
    LabState.starting(plan, commands).write(LabFiles.STATE);
    makeGroups();
    LabNetwork.build(plan);
    LabState.writeJson(LabFiles.HOSTS, plan.hosts().stream().map(Lab::hostsFileEntry).toList());
    plan.hosts().forEach(this::launch);
    plan.hosts().forEach(this::awaitAgent);
    state().completed().write(LabFiles.STATE);
  }

  private void makeGroups() {
    memory.prepare();
    memory.group(CLIENT_GROUP).create();
    for (HostPlan host : plan.hosts()) {
      MemoryGroup group = memory.group(host.name());
      group.create();
      group.limit(host.memoryLimitBytes());
    }
  }

  private static Map<String, String> hostsFileEntry(HostPlan host) {
    Map<String, String> entry = new LinkedHashMap<>();
    entry.put("name", host.name());
    entry.put("api", "unix:" + host.api());
    entry.put("data", host.data());
    return entry;
  }

  private void launch(HostPlan host) {
    LabState before = state();
    List<String> command = before.agentCommands().get(host.name());
    if (command == null) {
      throw new LabException("%s does not say how to start %s".formatted(LabFiles.STATE, host));
    }
    try {
      Files.createDirectories(host.folder());
    } catch (IOException e) {
      throw new LabException("cannot make " + host.folder() + ": " + e, e);
    }
    RecordedProcess agent = new LabHost(host, memory).place().startDetached(command, host.log());
    before.withAgent(host.name(), agent).write(LabFiles.STATE);
  }

  private void awaitAgent(HostPlan host) {
    RecordedProcess agent = agent(host.name()).orElseThrow();
    boolean settled =
        Pause.until(AGENT_START_TIMEOUT, () -> !agent.isAlive() || program.answers(host));
    if (!settled || !agent.isAlive()) {
      throw new LabException(
          "the agent of %s %s; the end of its log:\n%s"
              .formatted(
                  host.name(), settled ? "ended" : "does not answer", LogTail.of(host.log())));
    }
  }

  private static LabState state() {
    return LabState.read(LabFiles.STATE)
        .orElseThrow(() -> new LabException("the lab is gone: " + LabFiles.STATE + " is missing"));
  }
}
