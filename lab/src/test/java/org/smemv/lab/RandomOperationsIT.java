package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/**
 * Operations at random on three VMs at once while agents die and links are cut: no wrong byte, and
 * no memory that nobody needs is kept anywhere. More by {@code -Dsmemv.lab.operations=200}, other
 * ones by {@code -Dsmemv.seed}.
 */
class RandomOperationsIT {
  private static final int OPERATIONS = Integer.getInteger("smemv.lab.operations", 6);
  private static final long SEED = Long.getLong("smemv.seed", 3);
  private static final List<String> MAIN_HOSTS = List.of("h1", "h2", "h3");
  private static final List<String> SUB_HOSTS = List.of("h4", "h5");
  private static final List<String> VMS = List.of("a", "b", "c");

  private static SplitLab lab;

  @BeforeAll
  static void up() {
    lab = SplitLab.up("512M", "512M", "512M", "384M", "384M");
  }

  @AfterAll
  static void down() {
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void nothingIsWrongAndNothingIsLeftBehindWhateverIsDoneAndWhateverBreaks() throws Exception {
    List<TestVm> vms = new ArrayList<>();
    List<RandomOperations> operations = new ArrayList<>();
    for (String name : VMS) {
      vms.add(lab.startSmall(name, MAIN_HOSTS.get(vms.size())));
      operations.add(new RandomOperations(lab, name, MAIN_HOSTS, SUB_HOSTS, SEED));
    }
    List<String> all = new ArrayList<>(MAIN_HOSTS);
    all.addAll(SUB_HOSTS);
    RandomTrouble trouble = new RandomTrouble(lab, MAIN_HOSTS, all, SEED);
    try {
      operateAtOnce(operations);
    } finally {
      trouble.close();
    }

    operations.forEach(RandomOperations::awaitSettled);
    Awaitility.await("all memory that is granted is in use")
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptionsInstanceOf(OperationException.class)
        .untilAsserted(() -> assertNoGrantIsLeftOver(all));
    for (TestVm vm : vms) {
      vm.awaitProgress();
    }
    vms.forEach(TestVm::assertNothingIsWrong);
    lab.clear();
    operations.forEach(each -> System.out.println(each.outcomes()));
    System.out.printf("%d operations, %s, seed %d%n", OPERATIONS, trouble.done(), SEED);
  }

  private static void operateAtOnce(List<RandomOperations> operations) throws Exception {
    AtomicInteger left = new AtomicInteger(OPERATIONS);
    List<Future<?>> ends = new ArrayList<>();
    try (ExecutorService workers = Executors.newFixedThreadPool(operations.size())) {
      for (RandomOperations each : operations) {
        ends.add(
            workers.submit(
                () -> {
                  while (left.getAndDecrement() > 0) {
                    each.operate();
                  }
                }));
      }
    }
    for (Future<?> end : ends) {
      end.get();
    }
  }

  /** Every grant is that of a VM that runs there, or of a part that its VM says is there. */
  private static void assertNoGrantIsLeftOver(List<String> hosts) throws OperationException {
    List<VmReport> vms = new ArrayList<>();
    for (String host : hosts) {
      vms.addAll(lab.host(host).vms());
    }
    for (String host : hosts) {
      HostReport report = lab.host(host).host();
      long granted = 0;
      for (VmReport vm : vms) {
        granted += vm.host().equals(host) ? vm.mainMemoryBytes() : 0;
      }
      for (HostReport.Share share : report.shares()) {
        granted += share.grantedBytes();
        assertThat(vms)
            .as("who needs %s on %s", share, host)
            .anyMatch(vm -> vm.id().equals(share.vmId()) && hasPartOn(vm, host));
      }
      assertThat(report.capacityBytes() - report.freeBytes())
          .as("granted on %s: %s; %s", host, report, vms)
          .isEqualTo(granted);
    }
    vms.forEach(TestVm::assertAddsUp);
  }

  private static boolean hasPartOn(VmReport vm, String host) {
    return vm.subs().stream().anyMatch(sub -> sub.host().equals(host));
  }
}
