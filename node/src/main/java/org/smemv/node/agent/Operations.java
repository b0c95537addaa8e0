package org.smemv.node.agent;

import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.smemv.node.api.AttachVm;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostMetrics;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationFollower;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanReport;
import org.smemv.node.api.ServedHost;
import org.smemv.node.api.SetDraining;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.VmReport;

/** What operators ask for, sent to the part of the agent that does it. */
final class Operations implements ServedHost {
  private final Supplier<HostReport> description;
  private final Supplier<HostMetrics> figures;
  private final HostedVms vms;
  private final LocalVms local;
  private final Draining draining;
  private final HostDrain drain;

  Operations(
      Supplier<HostReport> description,
      Supplier<HostMetrics> figures,
      HostedVms vms,
      LocalVms local,
      Draining draining,
      HostDrain drain) {
    this.description = description;
    this.figures = figures;
    this.draining = draining;
    this.drain = drain;
    this.vms = vms;
    this.local = local;
  }

  @Override
  public HostReport host() {
    return description.get();
  }

  @Override
  public HostMetrics metrics() {
    return figures.get();
  }

  @Override
  public HostReport setDraining(SetDraining request) throws OperationException {
    try {
      draining.set(request);
    } catch (IOException e) {
      throw new OperationException(
          ErrorCode.FAILED, "whether this host is draining could not be written: " + e, e);
    }
    return description.get();
  }

  @Override
  public DrainReport drain() {
    return drain.report();
  }

  private void refuseWhileDraining() throws OperationException {
    if (draining.isOn()) {
      throw new OperationException(
          ErrorCode.UNSUITABLE, Draining.refusal(description.get().name()));
    }
  }

  @Override
  public List<VmReport> vms() {
    return Stream.concat(
            vms.all().stream().map(local::report), vms.unheld().stream().map(UnheldVm::report))
        .toList();
  }

  @Override
  public VmReport vm(String name) throws OperationException {
    UnheldVm unheld = vms.unheld(name);
    return unheld == null ? local.report(local.find(name)) : unheld.report();
  }

  @Override
  public VmReport start(StartVm request) throws OperationException {
    refuseWhileDraining();
    return local.report(local.start(request));
  }

  @Override
  public VmReport attach(AttachVm request) throws OperationException {
    refuseWhileDraining();
    return local.report(local.attach(request));
  }

  @Override
  public void stop(String vm) throws OperationException {
    local.stop(vm);
  }

  @Override
  public VmReport setMainMemory(String vm, SetMainMemory request) throws OperationException {
    return local.report(local.setMainMemory(vm, request));
  }

  @Override
  public PlanReport plan(String vm, MigrateVm request) throws OperationException {
    return local.departures().plan(local.find(vm).vm(), request);
  }

  @Override
  public MigrationReport migrate(String vm, MigrateVm request) throws OperationException {
    return local.departures().start(local.find(vm).vm(), request).report();
  }

  @Override
  public void follow(String id, long after, MigrationFollower follower) throws OperationException {
    local.migration(id).follow(after, follower);
  }

  @Override
  public MigrationReport migration(String id) throws OperationException {
    return local.migration(id).report();
  }

  @Override
  public List<MigrationReport> migrations() {
    return local.departures().all().stream().map(MigrationJob::report).toList();
  }

  @Override
  public MigrationReport cancel(String id) throws OperationException {
    MigrationJob job = local.migration(id);
    job.cancel();
    return job.report();
  }

  @Override
  public MigrationReport postCopy(String id) throws OperationException {
    MigrationJob job = local.migration(id);
    job.postCopy();
    return job.report();
  }
}
