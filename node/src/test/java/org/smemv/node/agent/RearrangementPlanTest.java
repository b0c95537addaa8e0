package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
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
import org.smemv.node.api.TimeoutAction;

/** What is asked for a VM that stays becomes a plan, or a reason with a remedy. It has 512 MiB. */
class RearrangementPlanTest {
  private static final long MIB = 1 << 20;
  private static final VmRecord WHOLE = record(512);
  private static final VmRecord SPLIT =
      record(256, new Share(0, "h3", 136 * MIB), new Share(2, "h4", 136 * MIB));

  private static VmRecord record(long mainMebibytes, Share... shares) {
    return new VmRecord(
        "web",
        new UUID(1, 1),
        4,
        512 * MIB,
        mainMebibytes * MIB,
        Phase.HERE,
        List.of(shares),
        null,
        0,
        false,
        null);
  }

  private static HostReport host(String name, long freeMebibytes, boolean draining) {
    long free = freeMebibytes * MIB;
    return new HostReport(name, free, free, 0, 0, List.of(), List.of(), draining);
  }

  private static MigrateVm request(long mainMebibytes, String... subs) {
    List<SubShare> shares =
        Arrays.stream(subs)
            .map(sub -> sub.split(":", -1))
            .map(p -> new SubShare(p[0], p.length > 1 ? Long.parseLong(p[1]) * MIB : 0))
            .toList();
    return new MigrateVm("h1", mainMebibytes * MIB, shares, null, 0, 0, 0, null, false);
  }

  private static RearrangementPlan plan(VmRecord record, long mainMebibytes, String... subs) {
    return plan(record, request(mainMebibytes, subs));
  }

  private static RearrangementPlan plan(VmRecord record, MigrateVm request) {
    Map<String, HostReport> reports = new HashMap<>();
    reports.put("h3", host("h3", 300, false));
    reports.put("h5", host("h5", 300, false));
    if (request.subs().contains(new SubShare("h6", 0))) {
      reports.put("h6", host("h6", 300, true));
    }
    return new RearrangementPlan("h1", record, request, reports, 600 * MIB);
  }

  private static OperationException refusal(RearrangementPlan plan) {
    return catchThrowableOfType(OperationException.class, plan::make);
  }

  @Test
  void aWholeVmIsSpilledToNewSubHostsUnderANewEpoch() throws Exception {
    var made = plan(WHOLE, 256, "h3", "h5").make();
    assertThat(made.movesBody()).isFalse();
    assertThat(made.epoch()).isEqualTo(5);
    assertThat(made.mainBytes()).isEqualTo(256 * MIB);
    assertThat(made.shares())
        .containsExactly(new Share(0, "h3", 136 * MIB), new Share(1, "h5", 136 * MIB));
  }

  @Test
  void aSubHostThatIsNotNamedLeavesAndANewOneGetsTheLowestFreeNumber() throws Exception {
    var made = plan(SPLIT, 0, "h3", "h5").make();
    assertThat(made.mainBytes()).isEqualTo(256 * MIB);
    assertThat(made.shares()).containsExactly(new Share(1, "h5", 136 * MIB));
    assertThat(made.staying()).containsExactly(new Staying(0, new Share(0, "h3", 136 * MIB)));
    assertThat(made.leaving()).containsExactly(new Staying(2, new Share(2, "h4", 136 * MIB)));
    assertThat(made.parts()).extracting(Share::index).containsExactly(0, 1, 2);
  }

  @Test
  void withoutSubHostsAllStayAndGrowIfLessIsToBeHere() throws Exception {
    RearrangementPlan asked = plan(record(256, new Share(3, "h3", 272 * MIB)), 128);
    var made = asked.make();
    long needed = (512 - 128 + 8) * MIB;
    assertThat(made.staying())
        .containsExactly(new Staying(3, 272 * MIB, new Share(3, "h3", needed)));
    assertThat(asked.report(made).targets())
        .extracting(target -> target.host() + " " + (target.bytes() >> 20))
        .containsExactly("h1 128", "h3 392");
  }

  @Test
  void aSubHostThatIsAwayIsAskedForNothingMoreButMayLeave() throws Exception {
    OperationException refused = refusal(plan(SPLIT, 128));
    assertThat(refused.code()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(refused).hasMessageContaining("sub-host h4");
    assertThat(plan(SPLIT, 0, "h3", "h5").make().leaving()).hasSize(1);
  }

  @Test
  void aSubHostThatStaysMayBeGivenMore() throws Exception {
    var made = plan(SPLIT, 128, "h3:264", "h4").make();
    assertThat(made.staying())
        .contains(new Staying(0, 136 * MIB, new Share(0, "h3", 264 * MIB)))
        .contains(new Staying(2, new Share(2, "h4", 136 * MIB)));
    OperationException less = refusal(plan(SPLIT, 0, "h3:64", "h4"));
    assertThat(less.code()).isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(less).hasMessageContainingAll("h3", "136 MiB");
  }

  @Test
  void aVmThatGetsAllOfItsMemoryHereIsGathered() throws Exception {
    var made = plan(SPLIT, 512).make();
    assertThat(made.staying()).isEmpty();
    assertThat(made.leaving()).extracting(s -> s.share().host()).containsExactly("h3", "h4");
    assertThat(made.parts()).allMatch(Share::leaving);
  }

  @Test
  void whatChangesNothingIsRefused() {
    for (RearrangementPlan same :
        List.of(plan(WHOLE, 0), plan(WHOLE, 512), plan(SPLIT, 0), plan(SPLIT, 256, "h3", "h4"))) {
      OperationException refused = refusal(same);
      assertThat(refused.code()).isEqualTo(ErrorCode.BAD_REQUEST);
      assertThat(refused).hasMessageContainingAll("VM web runs on h1 already", "--main-memory");
    }
  }

  @Test
  void whatOnlyAStopCouldHeedIsRefused() {
    List<MigrateVm> requests =
        List.of(
            new MigrateVm("h1", 512 * MIB, List.of(), null, 0, 1 << 20, 0, null, false),
            new MigrateVm("h1", 512 * MIB, List.of(), null, 0, 0, 9, null, false),
            new MigrateVm("h1", 512 * MIB, List.of(), null, 0, 0, 0, TimeoutAction.FORCE, false),
            new MigrateVm("h1", 512 * MIB, List.of(), MigrationMode.HYBRID, 0, 0, 0, null, false));
    for (MigrateVm request : requests) {
      OperationException refused = refusal(plan(SPLIT, request));
      assertThat(refused.code()).isEqualTo(ErrorCode.BAD_REQUEST);
      assertThat(refused).hasMessageContaining("cannot be heeded");
    }
  }

  @Test
  void whatDoesNotFitOrGetsNothingIsRefusedWithTheRemedy() {
    assertThat(refusal(plan(WHOLE, 256, "h6")).code()).isEqualTo(ErrorCode.UNSUITABLE);
    VmRecord onDraining = record(256, new Share(0, "h6", 272 * MIB));
    assertThat(refusal(plan(onDraining, 128, "h6"))).hasMessageContaining("h6 is draining");
    assertThat(refusal(plan(WHOLE, 16, "h3")).code()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(refusal(plan(WHOLE, 1024)).code()).isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(refusal(plan(WHOLE, 0, "h3"))).hasMessageContainingAll("h3 would get nothing");
    assertThat(refusal(plan(SPLIT, 0, "h3", "h4", "h5")))
        .hasMessageContainingAll("h5 would get nothing", "--main-memory");
    RearrangementPlan grows = new RearrangementPlan("h1", SPLIT, request(512), Map.of(), 300 * MIB);
    assertThat(refusal(grows).code()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(refusal(grows)).hasMessageContainingAll("h1", "300 MiB", "512 MiB");
  }

  @Test
  void aSixtyFifthSubHostIsRefused() {
    Share[] many =
        IntStream.range(0, 64).mapToObj(i -> new Share(i, "s" + i, 8 * MIB)).toArray(Share[]::new);
    OperationException refused = refusal(plan(record(256, many), 0, "h5"));
    assertThat(refused.code()).isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(refused).hasMessageContainingAll("h5", "number 64");
  }
}
