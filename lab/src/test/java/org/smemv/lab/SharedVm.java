package org.smemv.lab;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/**
 * The VM "vm" that tests of a class use one after the other, always under load: to bring it to
 * where a test begins takes a part of the time in which another one boots and is filled. A test
 * that does not end with {@link #passed} leaves it to nobody, and the next one gets a new one.
 */
final class SharedVm {
  private static final String NAME = "vm";
  private static final Duration SETTLES = Duration.ofMinutes(2);

  private final SplitLab lab;
  private final int answerSeconds;
  private final @Nullable String disk;
  private @Nullable TestVm vm;
  private int cpus;
  private boolean passed;

  /**
   * @param answerSeconds how long its client waits for an answer
   * @param disk the raw file of its disk
   */
  SharedVm(SplitLab lab, int answerSeconds, @Nullable String disk) {
    this.lab = lab;
    this.answerSeconds = answerSeconds;
    this.disk = disk;
  }

  /** All of it is on h1, and nothing of it is elsewhere. */
  TestVm whole(int wantedCpus) throws OperationException, IOException {
    return at(wantedCpus, "h1");
  }

  /** It runs on h2 with a part of its memory; h3 and h4 have the rest. */
  TestVm split(int wantedCpus) throws OperationException, IOException {
    return at(wantedCpus, "h2", "h3", "h4");
  }

  private TestVm at(int wantedCpus, String main, String... subs)
      throws OperationException, IOException {
    if (passed && cpus == wantedCpus) {
      passed = false;
      lab.mend();
    } else {
      end();
      lab.clear();
      vm = lab.start(NAME, wantedCpus, disk, answerSeconds);
      cpus = wantedCpus;
    }
    bring(main, subs);
    return Objects.requireNonNull(vm);
  }

  /** The test has seen what it wanted, and nothing is wrong: the next one may have the VM. */
  void passed() {
    Objects.requireNonNull(vm).assertNothingIsWrongSoFar();
    passed = true;
  }

  /** Ends the load of a VM with which the last test passed: it has never seen anything wrong. */
  void end() {
    TestVm last = passed ? vm : null;
    passed = false;
    if (last != null) {
      last.assertNothingIsWrong();
    }
  }

  private void bring(String main, String... subs) throws OperationException {
    long bytes = subs.length == 0 ? SplitLab.VM_BYTES : SplitLab.MAIN_BYTES;
    VmReport now =
        Awaitility.await("the VM runs in one place")
            .atMost(SETTLES)
            .ignoreExceptionsInstanceOf(OperationException.class)
            .until(this::find, Objects::nonNull);
    if (List.of(subs).contains(now.host())) { // its main host does not become a sub-host at once
      bring(main);
      bring(main, subs);
      return;
    }
    Set<String> places = new TreeSet<>(List.of(subs));
    places.add(main);
    boolean there = now.host().equals(main) && now.mainMemoryBytes() == bytes;
    if (!there || !places.equals(places(now))) {
      lab.migrate(now.host(), NAME, request(now.host(), bytes, main, subs));
    }
    for (LabHost host : lab.lab().hosts()) {
      if (!places.contains(host.plan().name())) {
        lab.awaitAllFree(host.plan().name());
      }
    }
  }

  private static MigrateVm request(String from, long bytes, String main, String... subs) {
    if (!from.equals(main)) {
      return SplitLab.toMain(main, bytes, 0, subs);
    }
    List<SubShare> shares = Arrays.stream(subs).map(sub -> new SubShare(sub, 0)).toList();
    return new MigrateVm(main, bytes, shares, null, 0, 0, 0, null, false);
  }

  private @Nullable VmReport find() throws OperationException {
    List<VmReport> found = new ArrayList<>();
    for (LabHost host : lab.lab().hosts()) {
      found.addAll(lab.host(host.plan().name()).vms());
    }
    boolean settled =
        found.size() == 1
            && found.getFirst().state() == VmState.RUNNING
            && found.getFirst().migrationId() == null;
    return settled ? found.getFirst() : null;
  }

  private static Set<String> places(VmReport vm) {
    Set<String> places = new TreeSet<>();
    places.add(vm.host());
    vm.subs().forEach(sub -> places.add(sub.host()));
    return places;
  }
}
