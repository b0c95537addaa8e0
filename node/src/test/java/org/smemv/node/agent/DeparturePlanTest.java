package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.MigrationPlan.Staying;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SubShare;

/** What is asked for becomes a plan, or a reason with a remedy. The VM has 512 MiB. */
class DeparturePlanTest {
  private static final long MIB = 1 << 20;
  private static final VmRecord WEB =
      new VmRecord(
          "web",
          new UUID(1, 1),
          4,
          512 * MIB,
          512 * MIB,
          Phase.HERE,
          List.of(),
          null,
          0,
          false,
          null);

  private static HostReport host(String name, long freeMebibytes) {
    long free = freeMebibytes * MIB;
    return new HostReport(name, free, free, 0, 0, List.of(), List.of());
  }

  private static DeparturePlan plan(long mainMebibytes, String... subs) {
    List<SubShare> shares = Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList();
    MigrateVm request =
        new MigrateVm(
            "h2", mainMebibytes * MIB, shares, MigrationMode.PRECOPY, 0, 0, 0, null, false);
    Map<String, HostReport> reports =
        Map.of("h2", host("h2", 600), "h3", host("h3", 300), "h4", host("h4", 300));
    return new DeparturePlan("h1", WEB, request, reports);
  }

  private static OperationException refusal(DeparturePlan plan) {
    return catchThrowableOfType(OperationException.class, plan::make);
  }

  @Test
  void theRestIsDividedAmongTheSubHostsUnderANewEpoch() throws Exception {
    var made = plan(256, "h3", "h4").make();
    assertThat(made.epoch()).isEqualTo(5);
    assertThat(made.mainBytes()).isEqualTo(256 * MIB);
    assertThat(made.shares()).extracting(share -> share.host()).containsExactly("h3", "h4");
    assertThat(made.shares()).allMatch(share -> share.bytes() == 136 * MIB);
  }

  @Test
  void subHostsThatWouldGetNothingAreRefusedWithTheRemedy() {
    for (long main : new long[] {0, 512}) {
      OperationException refused = refusal(plan(main, "h3", "h4"));
      assertThat(refused.code()).isEqualTo(ErrorCode.BAD_REQUEST);
      assertThat(refused).hasMessageContainingAll("h3, h4", "512 MiB", "--main-memory");
    }
  }

  @Test
  void withoutSubHostsTheMainHostGetsAll() throws Exception {
    assertThat(plan(0).make().mainBytes()).isEqualTo(512 * MIB);
    assertThat(plan(512).make().shares()).isEmpty();
  }

  @Test
  void aMainMemoryLargerThanTheVmIsRefused() {
    assertThat(refusal(plan(1024)).code()).isEqualTo(ErrorCode.BAD_REQUEST);
  }

  @Test
  void aHostThatIsDrainingIsRefusedInEitherRole() {
    HostReport draining =
        new HostReport("h3", 900 * MIB, 900 * MIB, 0, 0, List.of(), List.of(), true);
    for (String main : List.of("h2", "h3")) {
      List<SubShare> subs = main.equals("h3") ? List.of() : List.of(new SubShare("h3", 0));
      long bytes = main.equals("h3") ? 0 : 256 * MIB;
      DeparturePlan plan =
          new DeparturePlan(
              "h1",
              WEB,
              new MigrateVm(main, bytes, subs, MigrationMode.PRECOPY, 0, 0, 0, null, false),
              Map.of("h2", host("h2", 600), "h3", draining));
      OperationException refused = refusal(plan);
      assertThat(refused.code()).isEqualTo(ErrorCode.UNSUITABLE);
      assertThat(refused).hasMessageContaining("host h3 is draining");
    }
  }

  @Test
  void whatDoesNotFitIsRefusedNamingTheHost() {
    assertThat(refusal(plan(256)).code()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(refusal(plan(8, "h3")).code()).isEqualTo(ErrorCode.CAPACITY);
  }

  private static final VmRecord SPLIT =
      new VmRecord(
          "web",
          new UUID(1, 1),
          4,
          512 * MIB,
          256 * MIB,
          Phase.HERE,
          List.of(new Share(0, "h3", 136 * MIB), new Share(1, "h4", 136 * MIB)),
          null,
          0,
          false,
          null);

  private static DeparturePlan onward(long mainMebibytes, String... subs) {
    return onward("h2", mainMebibytes, subs);
  }

  private static DeparturePlan onward(String main, long mainMebibytes, String... subs) {
    List<SubShare> shares = Arrays.stream(subs).map(host -> new SubShare(host, 0)).toList();
    MigrateVm request =
        new MigrateVm(
            main, mainMebibytes * MIB, shares, MigrationMode.PRECOPY, 0, 0, 0, null, false);
    Map<String, HostReport> reports =
        Map.of(
            "h2",
            host("h2", 600),
            "h3",
            host("h3", 300),
            "h4",
            host("h4", 1),
            "h5",
            host("h5", 300));
    return new DeparturePlan("h1", SPLIT, request, reports);
  }

  @Test
  void theSubHostsOfASplitVmStayWithWhatTheyGrant() throws Exception {
    for (DeparturePlan plan : List.of(onward(0), onward(256, "h3", "h4"))) {
      var made = plan.make();
      assertThat(made.mainBytes()).isEqualTo(256 * MIB);
      assertThat(made.shares()).isEmpty();
      assertThat(made.staying())
          .containsExactly(
              new Staying(0, new Share(0, "h3", 136 * MIB)),
              new Staying(1, new Share(1, "h4", 136 * MIB)));
    }
  }

  @Test
  void whatDoesNotFitOnASmallerMainHostGoesToANewSubHost() throws Exception {
    var made = onward(128, "h5", "h3", "h4").make();
    assertThat(made.shares()).containsExactly(new Share(0, "h5", 120 * MIB));
    assertThat(made.staying()).extracting(s -> s.share().index()).containsExactly(1, 2);
  }

  @Test
  void subHostsThatAreNotWantedAnyMoreLeave() throws Exception {
    var merged = onward(512).make();
    assertThat(merged.isMerge()).isTrue();
    assertThat(merged.leaving()).extracting(s -> s.share().host()).containsExactly("h3", "h4");
    assertThat(merged.parts()).allMatch(Share::leaving);

    var changed = onward(256, "h3", "h5").make();
    assertThat(changed.isMerge()).isFalse();
    assertThat(changed.shares()).containsExactly(new Share(0, "h5", 136 * MIB));
    assertThat(changed.staying()).containsExactly(new Staying(0, new Share(1, "h3", 136 * MIB)));
    assertThat(changed.leaving()).containsExactly(new Staying(1, new Share(2, "h4", 136 * MIB)));
    assertThat(changed.parts()).extracting(Share::leaving).containsExactly(false, false, true);
  }

  @Test
  void aSubHostThatWouldGetNothingIsRefusedWithWhatToDo() {
    OperationException refused = refusal(onward(256, "h3", "h4", "h5"));
    assertThat(refused.code()).isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(refused).hasMessageContainingAll("h5 would get nothing", "--sub h5:SIZE");
  }

  @Test
  void aSubHostThatBecomesTheMainHostGivesItsPartUp() throws Exception {
    MigrateVm request =
        new MigrateVm("h3", 384 * MIB, List.of(), MigrationMode.PRECOPY, 0, 0, 0, null, false);
    Map<String, HostReport> reports = Map.of("h3", host("h3", 600), "h4", host("h4", 1));
    DeparturePlan plan = new DeparturePlan("h1", SPLIT, request, reports);
    assertThat(refusal(plan).code()).as("h4 alone is too small").isEqualTo(ErrorCode.CAPACITY);

    var made = onward("h3", 256, "h4", "h5").make();
    assertThat(made.main()).isEqualTo("h3");
    assertThat(made.shares()).containsExactly(new Share(0, "h5", 136 * MIB));
    assertThat(made.staying()).containsExactly(new Staying(1, new Share(1, "h4", 136 * MIB)));
    assertThat(made.leaving()).containsExactly(new Staying(0, new Share(2, "h3", 136 * MIB)));
  }
}
