package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;

/** A lab with real agents for tests that split VMs, and what such tests do again and again. */
final class SplitLab implements AutoCloseable {
  /**
   * Of a system property: also the tests that take long, as much of them is waiting for time-outs.
   */
  static final String ALL = "smemv.lab.all";

  static final long MIB = 1L << 20;
  static final long VM_BYTES = 256 * MIB;

  /** Less than what memcached, the checker and the kernel use all the time: paging never ends. */
  static final long MAIN_BYTES = 96 * MIB;

  static final long FILL_BYTES = 80 * MIB;

  /** Four times the usual: filling costs the guest as much for each value, whatever its size. */
  private static final int VALUE_BYTES = 4096;

  private static final int MEMCACHED_MEBIBYTES = 112;
  private static final long STRESS_BYTES = 8 * MIB;

  /** How long a client waits for an answer, and where the VM must stand for a while. */
  static final int ANSWER_SECONDS = 30;

  static final int PATIENT_SECONDS = 180;

  private static final Duration BOOTS = Duration.ofMinutes(2);
  private static final Duration FILLS = Duration.ofMinutes(2);
  private static final Duration MOVES = Duration.ofMinutes(2);

  private final Lab lab;
  private final GuestImage image;
  private final List<TestVm> vms = new ArrayList<>();

  private SplitLab(Lab lab, GuestImage image) {
    this.lab = lab;
    this.image = image;
  }

  /** A lab whose hosts have these capacities. */
  static SplitLab up(String... capacities) {
    return up(_ -> List.of(), capacities);
  }

  /** The same with more options for each agent. */
  static SplitLab up(Function<HostPlan, List<String>> agentOptions, String... capacities) {
    GuestImage image = GuestImage.get();
    LabPlan plan = LabPlan.of(capacities.length, Arrays.asList(capacities), "1gbit", 1500);
    return new SplitLab(Lab.up(plan, new MortalAgent(agentOptions)), image);
  }

  Lab lab() {
    return lab;
  }

  HostOperations host(String name) {
    return lab.operations(name);
  }

  /** Starts a VM on h1 and puts it under load; returns when the load runs. */
  TestVm start(String name, int cpus) throws OperationException {
    return start(name, cpus, null, ANSWER_SECONDS);
  }

  /** The same with a disk, and a client that waits so long for an answer. */
  TestVm start(String name, int cpus, @Nullable String disk, int answerSeconds)
      throws OperationException {
    return start(name, cpus, disk, STRESS_BYTES, answerSeconds, 0);
  }

  /** The same with so much memory that the guest itself writes and verifies all the time. */
  TestVm startWriting(String name, long stressBytes) throws OperationException {
    return start(name, 1, null, stressBytes, ANSWER_SECONDS, 0);
  }

  /** A VM that has half of its memory on h1 and the rest on these from its start. */
  TestVm startSplit(String name, String... subs) throws OperationException {
    return start(name, 2, null, STRESS_BYTES, ANSWER_SECONDS, MAIN_BYTES, subs);
  }

  /** A VM of 160 MiB with a light load, for tests of several at once. */
  TestVm startSmall(String name, String host) throws OperationException {
    return startSmall(List.of(name), List.of(host)).getFirst();
  }

  /** Such VMs, each on the host at its place in the list; they boot at the same time. */
  List<TestVm> startSmall(List<String> names, List<String> hosts) throws OperationException {
    List<SmallVm> booting = new ArrayList<>();
    for (String name : names) {
      SmallVm small = small(name, vms.size() + booting.size() + 10);
      host(hosts.get(booting.size())).start(small.request());
      booting.add(small);
    }
    List<TestVm> started = new ArrayList<>();
    for (SmallVm small : booting) {
      started.add(underLoad(small.request().name(), small.guest(), small.load()));
    }
    return started;
  }

  private record SmallVm(StartVm request, Guest guest, LoadPlan load) {}

  private SmallVm small(String name, int number) {
    GuestOptions options = new GuestOptions("10.77.1." + number + "/16", 48, 4 * MIB);
    Guest guest = lab.client().guest(options.address());
    LoadPlan load =
        new LoadPlan(
            guest.address(), 32 * MIB, VALUE_BYTES, 4, 0, 0.3, 0.5, 200, PATIENT_SECONDS, number);
    return new SmallVm(vm(name, 160 * MIB, 1, number, null, options, 0), guest, load);
  }

  private TestVm start(
      String name,
      int cpus,
      @Nullable String disk,
      long stressBytes,
      int answerSeconds,
      long mainBytes,
      String... subs)
      throws OperationException {
    int number = vms.size() + 10;
    GuestOptions options =
        new GuestOptions("10.77.1." + number + "/16", MEMCACHED_MEBIBYTES, stressBytes);
    Guest guest = lab.client().guest(options.address());
    LoadPlan load =
        new LoadPlan(
            guest.address(), FILL_BYTES, VALUE_BYTES, 8, 0, 0.6, 0, 0, answerSeconds, number);
    TestVm vm =
        boot("h1", vm(name, VM_BYTES, cpus, number, disk, options, mainBytes, subs), guest, load);
    vm.awaitProgress();
    return vm;
  }

  private StartVm vm(
      String name,
      long bytes,
      int cpus,
      int number,
      @Nullable String disk,
      GuestOptions options,
      long mainBytes,
      String... subs) {
    return new StartVm(
        name,
        bytes,
        cpus,
        new NetRequest(LabPlan.BRIDGE, "52:54:00:4d:56:" + number),
        disk,
        image.kernel().toString(),
        image.initrd().toString(),
        options.commandLine(),
        null,
        HumanMonitor.ARGUMENTS,
        mainBytes,
        Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList());
  }

  /** Returns when the guest is up and filled, and the load runs. */
  private TestVm boot(String host, StartVm request, Guest guest, LoadPlan plan)
      throws OperationException {
    host(host).start(request);
    return underLoad(request.name(), guest, plan);
  }

  private TestVm underLoad(String name, Guest guest, LoadPlan plan) {
    guest.awaitReady(BOOTS);
    RunningLoad load = lab.client().startLoad(plan);
    TestVm vm = new TestVm(name, guest, load);
    vms.add(vm);
    load.awaitFilled(FILLS);
    return vm;
  }

  /** To h2 with half of the memory, the rest to these. */
  static MigrateVm split(String... subs) {
    return toMain("h2", subs.length == 0 ? 0 : MAIN_BYTES, 0, subs);
  }

  /** The same so slowly that it is under way for minutes. */
  static MigrateVm slowSplit(String... subs) {
    return toMain("h2", MAIN_BYTES, 2 * MIB, subs);
  }

  static MigrateVm toMain(String main, long mainBytes, long bandwidth, String... subs) {
    List<SubShare> shares = Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList();
    return new MigrateVm(
        main,
        mainBytes,
        shares,
        MigrationMode.PRECOPY,
        500,
        bandwidth,
        100,
        TimeoutAction.ABORT,
        false);
  }

  /** Moves a VM away from h1 and waits until that is done. */
  MigrationReport migrate(TestVm vm, MigrateVm request) throws OperationException {
    return migrate("h1", vm.name(), request);
  }

  /** The same from another host. */
  MigrationReport migrate(String source, String vm, MigrateVm request) throws OperationException {
    MigrationReport first = host(source).migrate(vm, request);
    MigrationReport last = await(source, first, report -> report.state().isOverOrStalled());
    assertThat(last.state()).as(String.valueOf(last.reason())).isEqualTo(MigrationState.DONE);
    return last;
  }

  /** Follows a migration on h1 until it looks as wanted. */
  MigrationReport await(MigrationReport first, Predicate<MigrationReport> wanted) {
    return await("h1", first, wanted);
  }

  /** The same on another host. */
  MigrationReport await(String source, MigrationReport first, Predicate<MigrationReport> wanted) {
    return Awaitility.await("migration " + first.id())
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> host(source).migration(first.id()), wanted);
  }

  /** Until pages are on their way, and far from done. */
  MigrationReport awaitCopying(MigrationReport first) {
    MigrationReport copying =
        await(first, r -> r.ram().transferred() > 4 * MIB || r.state().isOverOrStalled());
    assertThat(copying.state()).as(copying.reason()).isEqualTo(MigrationState.COPY);
    return copying;
  }

  /** Kills the host's agent and starts one that offers so much, now and from then on. */
  void restartAgent(String host, String capacity) {
    lab.killAgent(host);
    LabState before = LabState.read(LabFiles.STATE).orElseThrow();
    Map<String, List<String>> commands = new TreeMap<>(before.agentCommands());
    List<String> command = new ArrayList<>(commands.get(host));
    long bytes = Size.parse(capacity);
    command.set(command.indexOf("--capacity") + 1, Long.toString(bytes));
    commands.put(host, command);
    new LabState(before.bootId(), before.complete(), before.plan(), commands, before.agents())
        .write(LabFiles.STATE);
    lab.startAgent(host);
  }

  /** Waits until the host reports the VM as wanted. */
  VmReport awaitVm(String host, String vm, Predicate<VmReport> wanted) {
    return Awaitility.await(vm + " on " + host)
        .atMost(MOVES)
        .pollInterval(Duration.ofMillis(200))
        .ignoreExceptionsInstanceOf(OperationException.class)
        .until(() -> host(host).vm(vm), wanted);
  }

  /** Waits until nothing of the host's memory is promised to anybody. */
  void awaitAllFree(String host) {
    Awaitility.await(host + " has all its memory back")
        .atMost(MOVES)
        .ignoreExceptionsInstanceOf(OperationException.class)
        .untilAsserted(
            () -> {
              HostReport report = host(host).host();
              assertThat(report.freeBytes()).isEqualTo(report.capacityBytes());
              assertThat(report.vms()).isEmpty();
              assertThat(report.shares()).isEmpty();
            });
  }

  /** Whatever was foretold to agents does not come to pass. */
  void spareAgents() throws IOException {
    for (LabHost host : lab.hosts()) {
      MortalAgent.spare(host.plan());
    }
  }

  /** Ends all VMs and starts dead agents again, so that the next test begins with a fresh lab. */
  void clear() throws OperationException, IOException {
    vms.forEach(TestVm::close);
    vms.clear();
    mend();
    for (LabHost host : lab.hosts()) {
      for (VmReport vm : host(host.plan().name()).vms()) {
        host(host.plan().name()).stop(vm.name());
      }
    }
    lab.hosts().forEach(host -> awaitAllFree(host.plan().name()));
  }

  /** Starts dead agents again; what was foretold to them does not come to pass. */
  void mend() throws IOException {
    spareAgents();
    for (LabHost host : lab.hosts()) {
      String name = host.plan().name();
      if (lab.agent(name).filter(RecordedProcess::isAlive).isEmpty()) {
        lab.startAgent(name);
      }
    }
  }

  @Override
  public void close() {
    vms.forEach(TestVm::close);
    Lab.down();
  }
}
