package org.smemv.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.smemv.lab.GuestImage;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LinkRate;
import org.smemv.lab.LoadPlan;
import org.smemv.lab.RunningLoad;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/**
 * Post-copy beside pre-copy, and how long page faults wait while the rest of a VM comes in the
 * background: the same VM, to one host and to three, under a client that reads all values of its
 * memcached at random, so that it needs pages that have not come yet all the time. What the link
 * alone gives is measured in the same lab.
 */
final class PostCopyBench {
  private static final int VM_MEBIBYTES_MIN = 192;
  private static final long SETTLE_MILLIS = 2000;

  /** How long faults without any transfer are looked at. */
  private static final long QUIET_MILLIS = 6000;

  /**
   * What to measure.
   *
   * @param vmMebibytes memory of each VM that is moved about
   * @param repetitions of all moves of each
   * @param link rate of the hosts' links
   */
  record Options(List<Integer> vmMebibytes, int repetitions, String link) {
    Options {
      vmMebibytes = List.copyOf(vmMebibytes);
      if (repetitions < 1 || vmMebibytes.isEmpty()) {
        throw new IllegalArgumentException("there must be 1 VM and 1 repetition or more");
      }
      if (Collections.min(vmMebibytes) < VM_MEBIBYTES_MIN) {
        throw new IllegalArgumentException("a VM has %d MiB at least".formatted(VM_MEBIBYTES_MIN));
      }
    }

    LabPlan plan() {
      int largest = Collections.max(vmMebibytes);
      long whole = (largest + 256L) << 20;
      long half = (largest / 2 + 128L) << 20;
      return LabPlan.of(
          List.of(whole, whole, half, half), LinkRate.parse(link), LabPlan.DEFAULT_MTU);
    }
  }

  private final Options options;
  private final Lab lab;
  private final GuestImage image;
  private final Consumer<String> progress;
  private final List<PostCopyFigures.Move> moves = new ArrayList<>();

  private PostCopyBench(Options options, Lab lab, GuestImage image, Consumer<String> progress) {
    this.options = options;
    this.lab = lab;
    this.image = image;
    this.progress = progress;
  }

  /**
   * Makes a lab, measures, and removes the lab.
   *
   * @param progress is told what happens
   * @throws LabException when a part does not start, or a guest answered wrongly
   */
  static PostCopyFigures run(Options options, Consumer<String> progress) throws OperationException {
    GuestImage image = GuestImage.get();
    try (Lab lab = Lab.up(options.plan())) {
      PostCopyBench bench = new PostCopyBench(options, lab, image, progress);
      FaultReport.Latency quiet;
      FaultReport.Latency full;
      try (LinkMeasure link = new LinkMeasure(lab.host("h2"), List.of(lab.host("h1")))) {
        quiet = link.pingPong(false);
        full = link.pingPong(true);
      }
      for (int vm : options.vmMebibytes()) {
        bench.measure(vm);
      }
      return new PostCopyFigures(quiet, full, bench.moves);
    }
  }

  private void measure(int vmMebibytes) throws OperationException {
    try (BenchVm vm = new BenchVm(lab, "h1", vmMebibytes, image)) {
      lab.client().guest().awaitReady(BenchVm.BOOTS);
      LoadPlan plan = LoadPlan.of(lab.client().guest().address(), vm.fillBytes()).withSetShare(0);
      try (RunningLoad load = lab.client().startLoad(plan)) {
        load.awaitFilled(BenchVm.FILLS);
        warmUp(vm, vmMebibytes);
        for (int i = 0; i < options.repetitions(); i++) {
          moveAbout(vm, vmMebibytes);
        }
        BenchVm.end(load);
      }
    }
  }

  /**
   * Every move once: agents compile what they run often, and the machine touches memory for the
   * first time, which on a virtual machine costs several times as much as afterwards.
   */
  private void warmUp(BenchVm vm, int mebibytes) throws OperationException {
    int counted = moves.size();
    progress.accept("to warm up, not counted:");
    moveAbout(vm, mebibytes);
    moves.subList(counted, moves.size()).clear();
    progress.accept("counted:");
  }

  private void moveAbout(BenchVm vm, int mebibytes) throws OperationException {
    long main = (long) mebibytes << 19;
    List<String> subs = List.of("h3", "h4");
    one(vm, mebibytes, "pre-copy, whole", MigrationMode.PRECOPY, "h2", 0, List.of());
    one(vm, mebibytes, "post-copy, whole", MigrationMode.POSTCOPY, "h1", 0, List.of());
    one(vm, mebibytes, "post-copy, split", MigrationMode.POSTCOPY, "h2", main, subs);
    one(vm, mebibytes, "post-copy, merge", MigrationMode.POSTCOPY, "h1", 2 * main, List.of());
    one(vm, mebibytes, "pre-copy, split", MigrationMode.PRECOPY, "h2", main, subs);
    BenchVm.pause(QUIET_MILLIS);
    add(new PostCopyFigures.Move(mebibytes, "no transfer, split", 0, 0, vm.report().faults()));
    one(vm, mebibytes, "pre-copy, merge", MigrationMode.PRECOPY, "h1", 2 * main, List.of());
  }

  private void one(
      BenchVm vm,
      int mebibytes,
      String kind,
      MigrationMode mode,
      String to,
      long mainBytes,
      List<String> subs)
      throws OperationException {
    BenchVm.pause(SETTLE_MILLIS);
    LastFaults last = new LastFaults();
    MigrationReport report = vm.move(mode, to, mainBytes, subs, last);
    add(
        new PostCopyFigures.Move(
            mebibytes, kind, report.totalTimeMillis(), report.downtimeMillis(), last.faults()));
  }

  private void add(PostCopyFigures.Move move) {
    moves.add(move);
    progress.accept(move.toString());
  }

  /** What the new main host had counted when pages last came from the old one. */
  private static final class LastFaults implements Consumer<VmReport> {
    private @Nullable VmReport last;

    @Override
    public void accept(VmReport report) {
      last = report;
    }

    VmReport.Faults faults() {
      return last == null ? VmReport.Faults.NONE : last.faults();
    }
  }
}
