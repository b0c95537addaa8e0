package org.smemv.lab.demo;

import java.util.List;
import org.smemv.lab.LoadSummary;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/**
 * What the tour has seen, as data.
 *
 * @param ok true when nothing was wrong
 * @param errors everything that was wrong, in sentences; empty when {@code ok}
 * @param seconds from the end of the set-up to the end of the checks
 * @param steps in their order
 * @param vm where the VM was at the end
 * @param load all that the client saw
 */
record TourSummary(
    boolean ok,
    List<String> errors,
    double seconds,
    List<Step> steps,
    VmReport vm,
    LoadSummary load) {
  TourSummary {
    errors = List.copyOf(errors);
    steps = List.copyOf(steps);
  }

  /**
   * A step.
   *
   * @param millis until all pages were where they belong
   * @param downtimeMillis as the agents saw it; 0 when the VM stayed where it was
   * @param clientGapMillis longest time without any answer to the client meanwhile; 0 when it was
   *     not among its longest
   * @param sentBytes that the VM's host sent
   */
  record Step(
      String title, long millis, long downtimeMillis, double clientGapMillis, long sentBytes) {}

  /**
   * Judges what was seen.
   *
   * @param guestErrors what the checker in the guest found wrong
   * @param ticks processor time that the checker had used after each step; it must grow
   */
  static TourSummary of(
      double seconds,
      List<Step> steps,
      List<String> guestErrors,
      List<Long> ticks,
      VmReport vm,
      LoadSummary load) {
    List<String> errors = DemoJudgement.ofClient(load);
    guestErrors.forEach(line -> errors.add("guest: " + line));
    for (int i = 1; i < ticks.size(); i++) {
      if (ticks.get(i) <= ticks.get(i - 1)) {
        errors.add("guest: the memory checker stood still in step " + i);
      }
    }
    if (vm.state() != VmState.RUNNING) {
      errors.add("the VM is %s: %s".formatted(vm.state(), vm.reason()));
    }
    return new TourSummary(errors.isEmpty(), errors, seconds, steps, vm, load);
  }
}
