package org.smemv.node.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A directory of one host and one VM, which answers with every field filled, or fails. */
final class FakeDirectory implements ServedDirectory {
  /** What every later operation fails with; null when they answer. */
  volatile @Nullable ErrorCode failure;

  @Override
  public List<DirectoryHost> hosts() throws OperationException {
    check();
    return List.of(
        new DirectoryHost(
            "h1",
            512L << 20,
            112L << 20,
            100L << 20,
            300L << 20,
            List.of("vm1"),
            List.of(new HostReport.Share("id-1", "h2", 75000, 290L << 20, 300L << 20)),
            "192.0.2.1:7400",
            false,
            true,
            1200,
            64L << 20,
            1_250_000_000,
            List.of("rack-7")));
  }

  @Override
  public List<DirectoryVm> vms() throws OperationException {
    check();
    return List.of(
        new DirectoryVm(
            "vm1",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "h1",
            true,
            VmState.STALLED,
            "host h3 is out of reach",
            1L << 30,
            512L << 20,
            400L << 20,
            100L << 20,
            400L << 20,
            List.of(new VmReport.Sub("h3", 300L << 20, false))));
  }

  @Override
  public DirectoryPlan plan(PlanWish wish) throws OperationException {
    check();
    return new DirectoryPlan(
        wish.vm(),
        "h1",
        1L << 30,
        List.of(
            new DirectoryPlan.Target(
                "h2", TargetRole.MAIN, 512L << 20, 400L << 20, 600L << 20, "the most memory"),
            new DirectoryPlan.Target(
                "h4", TargetRole.SUB, 512L << 20, 200L << 20, 600L << 20, "the smallest")),
        List.of("h3"),
        600L << 20,
        -1,
        "");
  }

  @Override
  public DirectoryMetrics metrics() {
    if (failure != null) {
      throw new IllegalStateException("told by a test");
    }
    return new DirectoryMetrics(
        10, 2, 1, 7, 8L << 30, 4L << 30, 1L << 30, 3L << 30, 123, 5000, 17, 12, 3, 4);
  }

  private void check() throws OperationException {
    ErrorCode code = failure;
    if (code != null) {
      throw new OperationException(code, "told by a test");
    }
  }
}
