package org.smemv.lab.demo;

import java.util.ArrayList;
import java.util.List;
import org.smemv.lab.LoadSummary;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** Makes the summary of what was seen, and says what of it must not be. Pure. */
final class DemoJudgement {
  /** The client may hear of the VM's stop a little before and after the agents know. */
  private static final long AROUND_SWITCH_MILLIS = 500;

  private DemoJudgement() {}

  static DemoSummary of(
      double seconds,
      MigrationReport migration,
      DemoMoments moments,
      DemoSummary.GuestCheck guest,
      VmReport vm,
      LoadSummary load) {
    List<String> errors = errors(guest, vm, load);
    long start = load.startEpochMillis();
    return new DemoSummary(
        errors.isEmpty(),
        errors,
        seconds,
        load.fillMillis(),
        migration,
        load.longestGapMillis(
            moments.copying() - start - AROUND_SWITCH_MILLIS,
            moments.ended() - start + AROUND_SWITCH_MILLIS),
        throughput(moments, load),
        load.errors(),
        guest,
        vm,
        load);
  }

  private static DemoSummary.Throughput throughput(DemoMoments moments, LoadSummary load) {
    long start = load.startEpochMillis();
    return new DemoSummary.Throughput(
        load.throughput(0, moments.begun() - start),
        load.throughput(moments.begun() - start, moments.ended() - start),
        load.throughput(
            moments.ended() - start + DemoPlan.SETTLING.toMillis(), moments.end() - start));
  }

  /** What of that which the client saw must not be; more may be added. */
  static List<String> ofClient(LoadSummary load) {
    List<String> errors = new ArrayList<>();
    if (load.errors() > 0) {
      errors.add("the client found %d errors".formatted(load.errors()));
      load.descriptions().forEach(line -> errors.add("client: " + line));
    }
    if (load.evictions() > 0) {
      errors.add("memcached was too small: it dropped %d values".formatted(load.evictions()));
    }
    return errors;
  }

  private static List<String> errors(DemoSummary.GuestCheck guest, VmReport vm, LoadSummary load) {
    List<String> errors = ofClient(load);
    guest.errors().forEach(line -> errors.add("guest: " + line));
    if (guest.ticksSwitched() <= guest.ticksBefore() || guest.ticksEnd() <= guest.ticksSwitched()) {
      errors.add("guest: the memory checker stands still, so it can say nothing");
    }
    if (vm.state() != VmState.RUNNING) {
      errors.add("the VM is %s: %s".formatted(vm.state(), vm.reason()));
    }
    if (vm.residentBytes() > vm.mainMemoryBytes()) {
      errors.add("the main host holds more of the VM than it was given");
    }
    return errors;
  }
}
