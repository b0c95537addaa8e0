package org.smemv.node.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.smemv.migration.MigrationState;

/** A host in memory that notes what it was asked. */
public class FakeHost implements ServedHost {
  public final List<Object> requests = new CopyOnWriteArrayList<>();
  public final Map<String, VmReport> vms = new LinkedHashMap<>();
  public final List<MigrationReport> progress = new ArrayList<>();
  private final String name;
  private volatile Supplier<OperationException> failure = () -> null;
  private volatile boolean listsFail;
  private int asked;
  private boolean draining;

  /** What is answered about a drain, one after the other; the last one stays. */
  public final List<DrainReport> drains = new ArrayList<>();

  public FakeHost(String name) {
    this.name = name;
  }

  /** Every later operation on VMs fails like this. */
  public void failWith(ErrorCode code, String message) {
    failure = () -> new OperationException(code, message);
  }

  /** Every later operation fails like this, lists too. */
  public void failAllWith(ErrorCode code, String message) {
    failWith(code, message);
    listsFail = true;
  }

  /** Ends what {@link #failAllWith} began. */
  public void succeed() {
    failure = () -> null;
    listsFail = false;
  }

  public static VmReport vmReport(String vm, String host) {
    return new VmReport(
        vm,
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        host,
        VmState.RUNNING,
        null,
        1L << 30,
        512L << 20,
        400L << 20,
        100L << 20,
        List.of(
            new VmReport.Sub("h3", 300L << 20, true), new VmReport.Sub("h4", 224L << 20, false)),
        new VmReport.Faults(1000, 200, 800, 150.5, 420, 900, 2000.25),
        new VmReport.Evictions(700, 50, 1, 650L << 12),
        new VmReport.Rates(12.5, 10, 8),
        2,
        4711,
        "7.2.22",
        "tcg",
        null);
  }

  public static MigrationReport migrationReport(MigrationState state, String reason) {
    return new MigrationReport(
        "m1",
        "vm1",
        "h1",
        state,
        false,
        reason,
        new MigrationReport.Ram(
            1L << 30, 600L << 20, 424L << 20, 5000, 150000, 900.5, 27000, 1200, 3),
        new MigrationReport.Gather(64L << 20, 512.5),
        true,
        45,
        state == MigrationState.DONE ? 21 : -1,
        8200,
        12,
        3000,
        List.of(
            new MigrationReport.Target("h2", TargetRole.MAIN, 90000, 400L << 20, 500),
            new MigrationReport.Target("h3", TargetRole.SUB, 60000, 200L << 20, 400)),
        state == MigrationState.ABORTED ? ErrorCode.FAILED : null);
  }

  private void checkList() throws OperationException {
    if (listsFail) {
      check();
    }
  }

  private void check() throws OperationException {
    OperationException e = failure.get();
    if (e != null) {
      throw e;
    }
  }

  @Override
  public HostReport host() throws OperationException {
    check();
    return report();
  }

  private HostReport report() {
    return new HostReport(
        name,
        512L << 20,
        112L << 20,
        100L << 20,
        300L << 20,
        List.copyOf(vms.keySet()),
        List.of(new HostReport.Share("id-1", "h2", 75000, 290L << 20, 300L << 20)),
        draining);
  }

  @Override
  public HostReport setDraining(SetDraining request) throws OperationException {
    requests.add(request);
    check();
    draining = request.draining();
    return host();
  }

  @Override
  public DrainReport drain() throws OperationException {
    check();
    if (!drains.isEmpty()) {
      return drains.size() == 1 ? drains.getFirst() : drains.removeFirst();
    }
    return drainReport(
        name,
        draining ? DrainReport.State.EMPTY : DrainReport.State.OFF,
        DrainReport.ItemState.MOVED,
        null);
  }

  public static DrainReport drainReport(
      String host, DrainReport.State state, DrainReport.ItemState item, String reason) {
    boolean failed = item == DrainReport.ItemState.FAILED;
    return new DrainReport(
        host,
        state,
        2,
        MigrationMode.PRECOPY,
        false,
        List.of(
            new DrainReport.Item(
                DrainReport.Kind.VM,
                "vm1",
                item,
                4096,
                List.of("h3"),
                "m1",
                reason,
                1,
                failed ? 30_000 : 0)));
  }

  @Override
  public HostMetrics metrics() {
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
    List<HostMetrics.Vm> rows = vms.values().stream().map(FakeHost::metrics).toList();
    Map<MigrationState, Long> states = Map.of(MigrationState.COPY, 1L, MigrationState.DONE, 7L);
    return new HostMetrics(
        report(), 1, rows, states, 600L << 20, 12, new HostMetrics.Contents(5, 6, 7));
  }

  private static HostMetrics.Vm metrics(VmReport vm) {
    List<Long> counts = new ArrayList<>(HostMetrics.Latency.NONE.counts());
    counts.set(1, 700L);
    counts.set(4, 90L);
    counts.set(counts.size() - 1, 10L);
    return new HostMetrics.Vm(
        vm.name(),
        vm.memoryBytes(),
        vm.mainMemoryBytes(),
        vm.residentBytes(),
        vm.zeroBytes(),
        vm.subs(),
        new HostMetrics.Faults(800, 200, 3, 2),
        vm.evictions(),
        new HostMetrics.Latency(counts, 123.5));
  }

  @Override
  public List<VmReport> vms() throws OperationException {
    checkList();
    return List.copyOf(vms.values());
  }

  @Override
  public VmReport vm(String vm) throws OperationException {
    check();
    VmReport report = vms.get(vm);
    if (report == null) {
      throw new OperationException(ErrorCode.NOT_FOUND, "no VM " + vm + " on host " + name);
    }
    return report;
  }

  @Override
  public VmReport start(StartVm request) throws OperationException {
    requests.add(request);
    check();
    vms.put(request.name(), vmReport(request.name(), name));
    return vm(request.name());
  }

  @Override
  public VmReport attach(AttachVm request) throws OperationException {
    requests.add(request);
    check();
    vms.put(request.name(), vmReport(request.name(), name));
    return vm(request.name());
  }

  @Override
  public void stop(String vm) throws OperationException {
    vm(vm);
    vms.remove(vm);
  }

  @Override
  public VmReport setMainMemory(String vm, SetMainMemory request) throws OperationException {
    requests.add(request);
    return vm(vm);
  }

  @Override
  public PlanReport plan(String vm, MigrateVm request) throws OperationException {
    requests.add(request);
    vm(vm);
    return new PlanReport(
        vm,
        name,
        1L << 30,
        java.util.Objects.requireNonNull(request.mode()),
        request.downtimeLimitMillis(),
        request.maxBandwidth(),
        request.timeoutSeconds(),
        request.onTimeout(),
        List.of(new PlanReport.Target("h2", TargetRole.MAIN, 512L << 20, 600L << 20)));
  }

  @Override
  public MigrationReport migrate(String vm, MigrateVm request) throws OperationException {
    requests.add(request);
    vm(vm);
    return progress.get(0);
  }

  @Override
  public synchronized MigrationReport migration(String id) throws OperationException {
    check();
    if (!id.equals("m1")) {
      throw new OperationException(ErrorCode.NOT_FOUND, "no migration " + id);
    }
    asked++;
    return progress.get(Math.min(asked, progress.size() - 1));
  }

  @Override
  public void follow(String id, long after, MigrationFollower follower) throws OperationException {
    check();
    if (!id.equals("m1")) {
      throw new OperationException(ErrorCode.NOT_FOUND, "no migration " + id);
    }
    boolean more = true;
    for (int i = (int) after; more && i < progress.size(); i++) {
      more = follower.happened(event(i));
    }
  }

  public MigrationEvent event(int index) {
    return new MigrationEvent(index + 1, MigrationEvent.Kind.STATE, progress.get(index));
  }

  @Override
  public List<MigrationReport> migrations() throws OperationException {
    checkList();
    return List.copyOf(progress);
  }

  @Override
  public MigrationReport postCopy(String id) throws OperationException {
    requests.add("postcopy " + id);
    return migration(id);
  }

  @Override
  public MigrationReport cancel(String id) throws OperationException {
    requests.add("cancel " + id);
    MigrationReport now = migration(id);
    if (!now.state().isOver()) {
      progress.add(migrationReport(MigrationState.ABORTED, "cancelled"));
    }
    return now;
  }
}
