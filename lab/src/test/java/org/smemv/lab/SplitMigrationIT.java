package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.smemv.lab.SplitLab.MIB;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.SetMainMemory;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** VMs under load are split over hosts, and nothing of what they hold is ever wrong. */
class SplitMigrationIT {
  private static SplitLab lab;
  private static SharedVm shared;

  @TempDir private static Path folder;

  @BeforeAll
  static void up() throws Exception {
    Path disk = folder.resolve("disk.raw");
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(64 * MIB);
    }
    lab = SplitLab.up("512M", "384M", "256M", "256M", "256M");
    shared = new SharedVm(lab, SplitLab.ANSWER_SECONDS, disk.toString());
  }

  @AfterAll
  static void down() {
    if (lab == null) {
      return;
    }
    try {
      shared.end();
    } finally {
      lab.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'',1",
    "'h3',1",
    "'h3 h4',1",
    "'h3 h4 h5',1",
    "'',2",
    "'h3',2",
    "'h3 h4',2",
    "'h3 h4 h5',2"
  })
  void aVmUnderLoadIsSplitAndGoesOn(String subs, int cpus) throws Exception {
    String[] names = subs.isEmpty() ? new String[0] : subs.split(" ", -1);
    TestVm vm = shared.whole(cpus);

    MigrationReport report = lab.migrate(vm, SplitLab.split(names));

    vm.awaitProgress();
    assertThat(report.targets()).hasSize(names.length + 1).allMatch(target -> target.pages() > 0);
    VmReport now = lab.awaitVm("h2", "vm", r -> r.state() == VmState.RUNNING);
    assertThat(now.cpus()).isEqualTo(cpus);
    assertThat(now.subs().stream().map(VmReport.Sub::host)).containsExactly(names);
    TestVm.assertAddsUp(now);
    if (names.length > 0) {
      lab.awaitVm("h2", "vm", r -> r.faults().remote() > 0 && r.evictions().count() > 0);
    }
    assertSharesHoldWhatTheMainHostSays(names);
    lab.awaitAllFree("h1");
    shared.passed();
  }

  /** What is on its way while one host is asked after the other may be counted by both. */
  private static void assertSharesHoldWhatTheMainHostSays(String... subs) throws Exception {
    VmReport vm = lab.host("h2").vm("vm");
    for (String sub : subs) {
      long said =
          vm.subs().stream().filter(s -> s.host().equals(sub)).findFirst().orElseThrow().bytes();
      assertThat(lab.host(sub).host().shares())
          .singleElement()
          .satisfies(share -> assertThat(share.bytes()).isBetween(said - 16 * MIB, said + 16 * MIB))
          .satisfies(share -> assertThat(share.bytes()).isLessThanOrEqualTo(share.grantedBytes()));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aDiskIsWrittenAndReadOnAllTheWay(int cpus) throws Exception {
    TestVm vm = shared.whole(cpus);
    vm.guest()
        .run(
            """
            rm -f /tmp/stop /tmp/stopped /tmp/round /tmp/wrong
            cat >/tmp/disk.sh <<'END'
            i=0
            while [ ! -e /tmp/stop ]; do
              i=$((i + 1))
              dd if=/dev/urandom of=/tmp/block bs=64k count=8 2>/dev/null
              dd if=/tmp/block of=/dev/vda bs=64k seek=$((i % 100 * 8)) conv=fsync 2>/dev/null ||
                echo "round $i: cannot write" >>/tmp/wrong
              echo 3 >/proc/sys/vm/drop_caches
              dd if=/dev/vda bs=64k skip=$((i % 100 * 8)) count=8 2>/dev/null | cmp -s - /tmp/block ||
                echo "round $i: another content" >>/tmp/wrong
              echo $i >/tmp/round
            done
            echo $i >/tmp/stopped
            END
            sh /tmp/disk.sh >/dev/null 2>&1 </dev/null &
            """);
    long before = diskRounds(vm, 0);

    lab.migrate(vm, SplitLab.split("h3", "h4"));

    long after = diskRounds(vm, before + 3);
    assertThat(after).isGreaterThan(before);
    vm.guest().run("touch /tmp/stop");
    assertThat(Pause.until(Duration.ofMinutes(1), () -> stopped(vm))).isTrue();
    assertThat(vm.guest().run("cat /tmp/wrong 2>/dev/null || true")).isEmpty();
    shared.passed();
  }

  private static boolean stopped(TestVm vm) {
    return !vm.guest().run("cat /tmp/stopped 2>/dev/null || true").isEmpty();
  }

  private static long diskRounds(TestVm vm, long more) {
    long[] rounds = new long[1];
    boolean came =
        Pause.until(
            Duration.ofMinutes(1),
            () -> {
              String read = vm.guest().run("cat /tmp/round 2>/dev/null || true");
              rounds[0] = read.isEmpty() ? 0 : Long.parseLong(read);
              return rounds[0] > more;
            });
    assertThat(came).as("the guest goes on with its disk after round " + rounds[0]).isTrue();
    return rounds[0];
  }

  @Test
  void theMainMemoryShrinksAndGrowsUnderLoad() throws Exception {
    TestVm vm = shared.whole(2);
    List<SubShare> shares =
        Arrays.asList(new SubShare("h3", 128 * MIB), new SubShare("h4", 128 * MIB));
    lab.migrate(
        vm,
        new MigrateVm(
            "h2",
            160 * MIB,
            shares,
            MigrationMode.PRECOPY,
            500,
            0,
            100,
            TimeoutAction.ABORT,
            false));

    lab.host("h2").setMainMemory("vm", new SetMainMemory(96 * MIB));
    TestVm.assertAddsUp(lab.awaitVm("h2", "vm", r -> r.residentBytes() <= 96 * MIB));
    vm.awaitProgress();

    lab.host("h2").setMainMemory("vm", new SetMainMemory(200 * MIB));
    TestVm.assertAddsUp(lab.awaitVm("h2", "vm", r -> r.residentBytes() > 100 * MIB));
    vm.awaitProgress();
    assertThat(lab.host("h2").host().freeBytes()).isEqualTo((384 - 200) * MIB);
    shared.passed();
  }
}
