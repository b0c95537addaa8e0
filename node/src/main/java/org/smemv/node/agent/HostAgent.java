package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.KernelFeatures;
import org.smemv.linux.MemoryMount;
import org.smemv.node.AgentMain;
import org.smemv.node.AgentOptions;
import org.smemv.node.EndOfProcess;
import org.smemv.node.api.ApiServer;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.HostsFile;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageServer;
import org.smemv.paging.SlabPool;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;

/**
 * The daemon of one host: puts its parts together, takes hold again of the VMs that a dead agent
 * left running, and listens.
 */
public final class HostAgent implements AgentMain, HolderDirectory {
  private static final Logger log = LoggerFactory.getLogger(HostAgent.class);
  private static final int FRAMES_UNDER_WAY = 256;

  /** For {@link java.util.ServiceLoader}. */
  public HostAgent() {}

  private @Nullable AgentOptions given;
  private @Nullable HeldShares shares;
  private @Nullable LeftVms left;
  private @Nullable Arrivals arrivals;
  private @Nullable HostedVms vms;

  @Override
  public void run(AgentOptions options) throws Exception {
    given = options;
    List<String> missing = KernelFeatures.missing();
    if (!missing.isEmpty()) {
      throw new IOException(String.join(" ", missing));
    }
    HostMemory.require(options.capacityBytes());
    HostPaths paths = new HostPaths(options.state());
    Files.createDirectories(paths.vms());
    MemoryMount.ensure(paths.ramMount());
    MemoryLedger ledger = new MemoryLedger(options.capacityBytes());
    SlabPool pool = new SlabPool(options.capacityBytes() >>> PageSize.SHIFT, FRAMES_UNDER_WAY);
    HostedVms hosted = new HostedVms(options.name(), paths);
    HeldShares held = new HeldShares(ledger, pool);
    TakenVms taken = new TakenVms(paths.taken());
    Arrivals arriving = new Arrivals(options.name(), paths, ledger, hosted, taken, this::addressOf);
    LocalVms local = new LocalVms(options.name(), paths, ledger, hosted, this::addressOf);
    LeftVms leaving = local.left();
    Draining draining = new Draining(paths.draining());
    HostDescription description =
        new HostDescription(options.name(), ledger, hosted, held, leaving, draining);
    HeartbeatSource source = new HeartbeatSource(options, description::report, hosted, local);
    Places places =
        new FleetPlaces(
            options.name(), options.hostsFile(), options.fleet().directory(), source::next);
    ShareMoves shareMoves =
        new ShareMoves(
            options.name(),
            ledger,
            hosted,
            local.departures(),
            places,
            draining::isOn,
            options.fleet().reserveBytes());
    HostDrain drain =
        drain(
            local,
            places,
            draining,
            new HostContents(options.name(), ledger, hosted, held, leaving));
    vms = hosted;
    shares = held;
    left = leaving;
    arrivals = arriving;
    new Survivors(options.name(), paths, hosted, local, taken, this::addressOf).takeHold();
    PageServer server =
        PageServer.bind(
            options.data(),
            new PageServer.Services(
                this,
                new ControlRequests(
                    arriving,
                    held,
                    leaving,
                    description::report,
                    shareMoves,
                    () -> source.next(options.data(), 1)),
                this::addressOf),
            PageServer.Options.of(options.name()));
    held.servedBy(server);
    leaving.servedBy(server);
    arriving.servedBy(server);
    PageServer ignored = server.begin();
    new Housekeeping(options.name(), held, leaving, arriving, taken, server, this::addressOf)
        .start();
    HostFigures figures =
        new HostFigures(
            description::report, hosted, local.departures(), server::connections, server.served());
    Operations operations =
        new Operations(description::report, figures::now, hosted, local, draining, drain);
    ApiServer api = ApiServer.start(options.api(), options.name(), operations);
    log.info("host {} serves pages on {}", options.name(), options.data());
    drain.start();
    Heartbeats heartbeats =
        Heartbeats.start(options.name(), options.fleet().directory(), source::next);
    EndOfProcess.await(
        () -> {
          heartbeats.close();
          drain.close();
          api.close();
          server.close();
        });
  }

  private HostDrain drain(LocalVms local, Places places, Draining draining, HostContents contents) {
    DrainedVms drainedVms = new DrainedVms(local, places);
    DrainedShares drainedShares =
        new DrainedShares(contents.host(), contents.shares(), this::addressOf);
    return new HostDrain(
        contents.host(),
        draining::wanted,
        contents::things,
        (thing, how, move) ->
            (thing.kind() == DrainReport.Kind.VM ? drainedVms : drainedShares)
                .move(thing, how, move),
        System::nanoTime);
  }

  /** The hosts file is read anew each time, so that hosts may be added while agents run. */
  private InetSocketAddress addressOf(String host) {
    try {
      if (host.equals(options().name())) {
        return options().data(); // as when it becomes the main host of a VM that it has a part of
      }
      Path file = options().hostsFile();
      return HostsFile.read(file)
          .host(host)
          .orElseThrow(() -> new IllegalArgumentException("no host named " + host + " in " + file))
          .data();
    } catch (IOException e) {
      throw new IllegalArgumentException(String.valueOf(e.getMessage()), e);
    }
  }

  private AgentOptions options() {
    return java.util.Objects.requireNonNull(given);
  }

  @Override
  public @Nullable PageHolder holder(UUID vm) {
    HostedVms hosted = vms;
    HostedVm here = hosted == null ? null : hosted.get(vm);
    PageHolder arriving = here == null ? null : here.incoming();
    if (arriving != null) {
      return arriving;
    }
    LeftVms leaving = left;
    PageHolder behind = leaving == null ? null : leaving.memory(vm);
    if (behind != null) {
      return behind;
    }
    HeldShares held = shares;
    return held == null ? null : held.store(vm);
  }

  /**
   * A VM may arrive where a part of it is: what comes with it is of its new epoch, and everything
   * else, from this host itself too, is about that part. When the part has gone there is nothing to
   * be had from itself: a connection that counted as one that brings the VM would keep an arrival
   * for ever of which nobody else speaks any more.
   */
  @Override
  public @Nullable PageHolder holder(UUID vm, String caller, long epoch) {
    HostedVms hosted = vms;
    HeldShares held = shares;
    HostedVm here = hosted == null ? null : hosted.get(vm);
    PageHolder share = held == null ? null : held.store(vm);
    boolean ownPart = caller.equals(options().name());
    if (here != null && (ownPart || (share != null && epoch < here.record().epoch()))) {
      return share;
    }
    return holder(vm);
  }

  @Override
  public @Nullable BodySink bodySink(UUID vm, long epoch) {
    Arrivals arriving = arrivals;
    return arriving == null ? null : arriving.bodySink(vm, epoch);
  }

  /** The rows of a host report. */
  private record HostDescription(
      String name,
      MemoryLedger ledger,
      HostedVms vms,
      HeldShares shares,
      LeftVms left,
      Draining draining) {
    HostReport report() {
      List<HostReport.Share> rows =
          HostReport.perVm(
              Stream.concat(shares.report().stream(), left.report().stream()).toList());
      List<String> names = new ArrayList<>();
      long used = 0;
      for (HostedVms.Entry entry : vms.all()) {
        names.add(entry.vm().record().name());
        used += entry.reports().residentBytes();
      }
      for (HostReport.Share row : rows) {
        used += row.bytes();
      }
      vms.unheld().forEach(vm -> names.add(vm.name()));
      long granted = ledger.grantedBytes();
      return new HostReport(
          name,
          ledger.capacityBytes(),
          ledger.freeBytes(),
          Math.max(0, granted - used),
          used,
          names,
          rows,
          draining.isOn());
    }
  }
}
