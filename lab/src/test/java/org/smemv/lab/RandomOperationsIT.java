package org.smemv.lab;

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
  private static final List<String> HOSTS = List.of("h1", "h2", "h3", "h4", "h5");
  private static final List<String> VMS = List.of("a", "b", "c");
  private static final Duration CALM = Duration.ofMinutes(2);

  private static SplitLab lab;

  @BeforeAll
  static void up() {
    lab = SplitLab.up(RandomOperationsIT::agentOptions, "512M", "512M", "512M", "384M", "384M");
  }

  @AfterAll
  static void down() {
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void nothingIsWrongAndNothingIsLeftBehindWhateverIsDoneAndWhateverBreaks() throws Exception {
    LabDirectory directory = LabDirectory.start(lab.lab());
    AgentDeaths deaths = new AgentDeaths(lab, HOSTS);
    List<TestVm> vms = lab.startSmall(VMS, HOSTS);
    List<RandomOperations> operations = new ArrayList<>();
    for (String name : VMS) {
      operations.add(new RandomOperations(lab, directory, deaths, HOSTS, name, SEED));
    }
    RandomTrouble trouble = new RandomTrouble(lab, deaths, directory, HOSTS, SEED);
    try {
      operateAtOnce(operations);
    } finally {
      trouble.close();
    }

    operations.forEach(RandomOperations::awaitSettled);
    await("all memory that is granted is in use", LeftBehind::assertNoGrantIsLeftOver);
    for (TestVm vm : vms) {
      vm.awaitProgress();
    }
    vms.forEach(TestVm::assertNothingIsWrong);
    assertNoPageIsLeftOver();
    lab.clear();
    await("VMs that ended leave nothing", LeftBehind::assertNothingIsThere);
    operations.forEach(each -> System.out.println(each.outcomes()));
    System.out.printf("%d operations, %s, seed %d%n", OPERATIONS, trouble.done(), SEED);
  }

  /** As if the links differed, so that what leaves fast is spread over several hosts. */
  private static List<String> agentOptions(HostPlan host) {
    List<String> options = new ArrayList<>(LabDirectory.AGENT_OPTIONS);
    options.addAll(List.of("--link-rate", host.number() % 2 == 0 ? "1gbit" : "2gbit"));
    return options;
  }

  private static void operateAtOnce(List<RandomOperations> operations) throws Exception {
    AtomicInteger left = new AtomicInteger(OPERATIONS);
    List<Future<?>> ends = new ArrayList<>();
    try (ExecutorService workers = Executors.newFixedThreadPool(operations.size())) {
      for (RandomOperations each : operations) {
        ends.add(
            workers.submit(
                () -> {
                  while (left.get() > 0) {
                    if (each.operate()) {
                      left.decrementAndGet();
                    }
                  }
                }));
      }
    }
    for (Future<?> end : ends) {
      end.get();
    }
  }

  /** The guests stand still, so that no page is on its way. */
  private static void assertNoPageIsLeftOver() throws Exception {
    for (String host : HOSTS) {
      for (VmReport vm : lab.host(host).vms()) {
        try (HumanMonitor monitor = HumanMonitor.of(lab.lab().host(host), vm.name())) {
          monitor.begin("stop");
          monitor.awaitPrompt();
        }
      }
    }
    await("sub-hosts hold what page tables place there", LeftBehind::assertNoPageIsLeftOver);
  }

  private static void await(String what, Check check) {
    LeftBehind left = new LeftBehind(lab, HOSTS);
    Awaitility.await(what)
        .atMost(CALM)
        .ignoreExceptionsInstanceOf(OperationException.class)
        .untilAsserted(() -> check.on(left));
  }

  private interface Check {
    void on(LeftBehind left) throws Exception;
  }
}
