package org.smemv.node.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.migration.MigrationPlan.Staying;
import org.smemv.migration.MigrationState;
import org.smemv.node.agent.HostRequest.MoveShare;
import org.smemv.node.agent.HostRequest.ShareMove;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;
import org.smemv.node.directory.PlanQuestion;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.ShareSizes;

/**
 * Has VMs that run here give up a sub-host that is emptied: a rearrangement, for which this looks
 * where the share can go. Many threads.
 */
final class ShareMoves implements ControlRequests.ShareMover {
  private static final Logger log = LoggerFactory.getLogger(ShareMoves.class);
  private static final long LOOK_MILLIS = 20;

  /** To reserve memory and write a record; longer, and how it ends is asked for later. */
  private static final Duration COMMITS = Duration.ofSeconds(20);

  private final String host;
  private final MemoryLedger ledger;
  private final HostedVms vms;
  private final Departures departures;
  private final Places places;
  private final BooleanSupplier draining;
  private final long reserveBytes;

  /**
   * @param draining whether this host itself is to be emptied: then nothing is gathered here
   * @param reserveBytes of the free memory that plans leave alone
   */
  ShareMoves(
      String host,
      MemoryLedger ledger,
      HostedVms vms,
      Departures departures,
      Places places,
      BooleanSupplier draining,
      long reserveBytes) {
    this.host = host;
    this.ledger = ledger;
    this.vms = vms;
    this.departures = departures;
    this.places = places;
    this.draining = draining;
    this.reserveBytes = reserveBytes;
  }

  @Override
  public ShareMove move(MoveShare asked) throws HostException {
    HostedVm vm = vms.get(asked.vm());
    if (vm == null) {
      throw refused("VM " + asked.vm() + " does not run on host " + host);
    }
    MigrationJob job = newest(asked.vm());
    if (isUnderWay(vm, asked.from(), job)) {
      String trouble = job == null || job.isOver() ? null : job.migration().reason();
      return new ShareMove(true, false, List.of(), trouble);
    }
    Share share = share(vm.record(), asked.from());
    if (share == null) {
      throw refused("VM %s has no share on %s".formatted(vm.record().name(), asked.from()));
    }
    if (!asked.begin()) {
      String why = job == null ? null : job.migration().reason();
      return new ShareMove(
          false, false, List.of(), why == null ? "it was not begun, or given up" : why);
    }
    return begin(vm, share, asked.linkPart());
  }

  private static HostException refused(String why) {
    return new HostException(HostException.Kind.REFUSED, why);
  }

  private static @Nullable Share share(VmRecord record, String from) {
    return record.shares().stream().filter(s -> s.host().equals(from)).findFirst().orElse(null);
  }

  private @Nullable MigrationJob newest(UUID vm) {
    return departures.all().stream()
        .filter(job -> job.migration().plan().vm().equals(vm))
        .findFirst()
        .orElse(null);
  }

  /** It is leaving, or will be at the commit of what goes on. */
  private static boolean isUnderWay(HostedVm vm, String from, @Nullable MigrationJob job) {
    Share share = share(vm.record(), from);
    if (share != null && share.leaving()) {
      return true;
    }
    return job != null
        && !job.isOver()
        && job.migration().plan().leaving().stream()
            .map(Staying::share)
            .anyMatch(leaving -> leaving.host().equals(from));
  }

  /** A change of the VM's placement without a share, and who gets what it holds. */
  private record Way(MigrateVm request, List<String> to) {}

  /** Finds a way; one that cannot be gone says why. */
  @FunctionalInterface
  private interface Finder {
    Way find() throws OperationException;
  }

  /** What is to leave fast goes to new sub-hosts if there are any, as many as its link can feed. */
  private List<Finder> finders(VmRecord record, Share share, double linkPart) {
    List<Finder> finders = new ArrayList<>();
    finders.add(() -> gathered(record, share));
    finders.add(() -> spreadOverOthers(record, share));
    finders.add(linkPart > 0 ? 0 : 2, () -> newSubHosts(record, share, linkPart));
    return finders;
  }

  private ShareMove begin(HostedVm vm, Share share, double linkPart) {
    VmRecord record = vm.record();
    List<String> failures = new ArrayList<>();
    for (Finder finder : finders(record, share, linkPart)) {
      try {
        Way way = finder.find();
        String failure = tryIt(vm, way);
        if (failure == null) {
          log.info("VM {}: its share on {} leaves for {}", record.name(), share.host(), way.to());
          return new ShareMove(true, false, way.to(), null);
        }
        failures.add(failure);
      } catch (OperationException e) {
        if (e.code() == ErrorCode.BUSY) {
          return new ShareMove(false, true, List.of(), e.getMessage());
        }
        failures.add(String.valueOf(e.getMessage()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        failures.add("interrupted");
        break;
      }
    }
    return new ShareMove(false, false, List.of(), String.join("; ", failures));
  }

  /** Null once it is committed, or why it was given up. */
  private @Nullable String tryIt(HostedVm vm, Way way)
      throws OperationException, InterruptedException {
    MigrationJob job = departures.start(vm, way.request());
    long deadline = System.nanoTime() + COMMITS.toNanos();
    while (job.migration().state().compareTo(MigrationState.COMMIT) <= 0
        && System.nanoTime() - deadline < 0) {
      Thread.sleep(LOOK_MILLIS);
    }
    MigrationReport report = job.report();
    return report.state() == MigrationState.ABORTED ? String.valueOf(report.reason()) : null;
  }

  private static List<SubShare> others(VmRecord record, Share without) {
    return record.shares().stream()
        .filter(share -> !share.host().equals(without.host()))
        .map(share -> new SubShare(share.host(), 0))
        .toList();
  }

  private MigrateVm stay(long mainBytes, List<SubShare> subs) {
    return new MigrateVm(host, mainBytes, subs, null, 0, 0, 0, null, false);
  }

  /** What it holds comes here, if there is room for all of it. */
  private Way gathered(VmRecord record, Share share) throws OperationException {
    List<SubShare> others = others(record, share);
    long left = record.shares().stream().mapToLong(Share::bytes).sum() - share.bytes();
    long needed = ShareSizes.mainBytes(record.memoryBytes(), record.mainMemoryBytes(), left);
    if (draining.getAsBoolean()) {
      throw new OperationException(ErrorCode.UNSUITABLE, "host " + host + " is draining too");
    }
    long more = needed - ledger.granted(LocalVms.key(record));
    if (more > ledger.freeBytes() - reserveBytes) {
      throw new OperationException(
          ErrorCode.CAPACITY,
          "host %s has %d MiB free, of which %d MiB are its reserve: VM %s needs %d MiB more there"
              .formatted(
                  host,
                  ledger.freeBytes() >> 20,
                  reserveBytes >> 20,
                  record.name(),
                  (more + (1 << 20) - 1) >> 20));
    }
    boolean whole = needed >= record.memoryBytes();
    return new Way(stay(needed, whole ? List.of() : others), List.of(host));
  }

  /** The VM's other sub-hosts grant more. */
  private Way spreadOverOthers(VmRecord record, Share share) throws OperationException {
    List<SubShare> others = others(record, share);
    if (others.isEmpty()) {
      throw new OperationException(
          ErrorCode.CAPACITY, "VM " + record.name() + " has no other sub-host");
    }
    return new Way(
        stay(record.mainMemoryBytes(), others), others.stream().map(SubShare::host).toList());
  }

  private Way newSubHosts(VmRecord record, Share share, double linkPart) throws OperationException {
    List<String> taken = new ArrayList<>(record.shares().stream().map(Share::host).toList());
    taken.add(host);
    DirectoryPlan plan =
        places.find(
            new PlanQuestion.OfShare(record.name(), share.bytes(), share.host(), taken, linkPart));
    List<SubShare> subs = new ArrayList<>(others(record, share));
    List<String> to = new ArrayList<>();
    for (DirectoryPlan.Target target : plan.targets()) {
      subs.add(new SubShare(target.host(), target.bytes()));
      to.add(target.host());
    }
    return new Way(stay(record.mainMemoryBytes(), subs), to);
  }
}
