package org.smemv.node.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.migration.MigrationState;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.ApiServer;
import org.smemv.node.api.DirectoryHost;
import org.smemv.node.api.DirectoryMetrics;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.DirectoryServer;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.FakeHost;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanWish;
import org.smemv.node.api.ServedDirectory;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TargetRole;
import org.smemv.node.api.TimeoutAction;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** The command line with a directory and one host, h1, behind real sockets. */
@Timeout(30)
class DirectoryCommandsTest extends CommandRuns implements ServedDirectory {
  private static final long MIB = 1L << 20;

  @TempDir Path folder;
  private final List<PlanWish> wishes = new ArrayList<>();
  private final List<MigrationReport> attempts = new ArrayList<>();
  private ErrorCode refusal;
  private DirectoryServer directory;
  private ApiServer host;

  /** Each migration ends as the next of the attempts says. */
  private final class Source extends FakeHost {
    Source() {
      super("h1");
    }

    @Override
    public MigrationReport migrate(String vm, MigrateVm request) throws OperationException {
      requests.add(request);
      if (refusal != null) {
        throw new OperationException(refusal, "host h2 has 10 MiB free");
      }
      progress.clear();
      progress.add(attempts.removeFirst());
      return FakeHost.migrationReport(MigrationState.RESERVE, null);
    }
  }

  private final Source h1 = new Source();

  @BeforeEach
  void serve() throws IOException {
    directory = DirectoryServer.start(api(), this);
    host = ApiServer.start(folder.resolve("h1/api.sock"), "h1", h1);
    hostsFile = folder.resolve("hosts.json");
    writeHosts(true);
    h1.vms.put("web", FakeHost.vmReport("web", "h1"));
  }

  private ApiAddress api() {
    return ApiAddress.parse("--api", "unix:" + folder.resolve("d/api.sock"));
  }

  private void writeHosts(boolean withDirectory) throws IOException {
    String hosts =
        "[{\"name\":\"h1\",\"api\":\"unix:%s\",\"data\":\"127.0.0.1:7400\"}]"
            .formatted(folder.resolve("h1/api.sock"));
    Files.writeString(
        hostsFile,
        withDirectory ? "{\"directory\":\"" + api() + "\",\"hosts\":" + hosts + "}" : hosts);
  }

  @AfterEach
  void stop() {
    directory.close();
    host.close();
  }

  private int smemv(String line) {
    return smemv(line.split(" "));
  }

  private static MigrationReport ended(MigrationState state, ErrorCode failure) {
    MigrationReport report =
        FakeHost.migrationReport(state, failure == null ? null : "host h2: not enough memory");
    return new MigrationReport(
        report.id(),
        report.vm(),
        report.source(),
        report.state(),
        false,
        report.reason(),
        report.ram(),
        report.gather(),
        report.converging(),
        report.expectedDowntimeMillis(),
        report.downtimeMillis(),
        report.totalTimeMillis(),
        report.setupTimeMillis(),
        report.etaMillis(),
        report.targets(),
        failure);
  }

  @Override
  public DirectoryMetrics metrics() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<DirectoryHost> hosts() {
    return List.of(row("h1", false, false), row("h2", true, false), row("h3", false, true));
  }

  private static DirectoryHost row(String name, boolean lost, boolean draining) {
    return new DirectoryHost(
        name,
        512 * MIB,
        100 * MIB,
        0,
        412 * MIB,
        List.of(name + "-vm"),
        List.<HostReport.Share>of(),
        "10.0.0.1:7400",
        lost,
        draining,
        lost ? 12_345 : 300,
        0,
        0,
        List.of());
  }

  @Override
  public List<DirectoryVm> vms() {
    return List.of(
        new DirectoryVm(
            "web",
            "id",
            "h2",
            true,
            VmState.RUNNING,
            null,
            1024 * MIB,
            512 * MIB,
            400 * MIB,
            24 * MIB,
            0,
            List.of(new VmReport.Sub("h3", 600 * MIB, true))));
  }

  @Override
  public DirectoryPlan plan(PlanWish wish) throws OperationException {
    wishes.add(wish);
    if (!wish.vm().equals("web")) {
      throw new OperationException(ErrorCode.NOT_FOUND, "no VM named " + wish.vm());
    }
    return new DirectoryPlan(
        "web",
        "h1",
        1024 * MIB,
        List.of(
            new DirectoryPlan.Target(
                "h2", TargetRole.MAIN, 512 * MIB, 480 * MIB, 512 * MIB, "has the most memory"),
            new DirectoryPlan.Target(
                "h3", TargetRole.SUB, 544 * MIB, 300 * MIB, 600 * MIB, "alone holds the rest")),
        List.of(),
        780 * MIB,
        6543,
        "h1");
  }

  @Test
  void listsComeFromTheDirectoryThatTheHostsFileNames() {
    assertThat(smemv("host list")).as(err.toString()).isZero();
    assertThat(out.toString())
        .containsPattern("h1\\s+512M\\s+100M\\s+0\\s+412M\\s+0\\s+h1-vm\\s+up")
        .containsPattern("h2 .*LOST 12 s")
        .containsPattern("h3 .*draining");
    assertThat(smemv("vm list")).isZero();
    assertThat(out.toString())
        .containsPattern("web\\s+h2\\s+RUNNING \\(host lost\\)\\s+1G\\s+400M\\s+600M\\s+24M");
  }

  @Test
  void listsAskEveryHostWhenTheDirectoryIsAwayButNotOneThatWasAskedFor() {
    directory.close();
    assertThat(smemv("vm list")).isZero();
    assertThat(out.toString()).containsPattern("web\\s+h1\\s+RUNNING");
    assertThat(err.toString()).contains("warning: the directory is unreachable");
    assertThat(smemv("host list --directory " + api())).isEqualTo(3);
  }

  @Test
  void theDirectoryOfTheOptionIsAskedWithoutOneInTheHostsFile() throws IOException {
    writeHosts(false);
    assertThat(smemv("vm list")).isZero();
    assertThat(out.toString()).containsPattern("web\\s+h1");
    assertThat(smemv("vm list --directory " + api())).isZero();
    assertThat(out.toString()).containsPattern("web\\s+h2");
  }

  @Test
  void aDryRunPrintsTheDirectorysPlanWithReasonsBytesAndTimeAndMovesNothing() throws Exception {
    assertThat(
            smemv(
                "vm migrate web --auto --dry-run --exclude h7 --exclude h8 --anti-affinity db"
                    + " --working-set 256M --max-subs 3"))
        .as(err.toString())
        .isZero();
    assertThat(out.toString())
        .contains("Plan for VM web: 1G from h1")
        .containsPattern("h2\\s+main\\s+512M\\s+480M\\s+512M\\s+has the most memory")
        .containsPattern("h3\\s+sub\\s+544M\\s+300M\\s+600M\\s+alone holds the rest")
        .contains("sends 780M once, 6.5 s by the link of h1");
    assertThat(wishes)
        .containsExactly(
            new PlanWish("web", null, List.of("h7", "h8"), List.of("db"), 256 * MIB, 3, false, 0));
    assertThat(h1.requests).isEmpty();
    assertThat(smemv("vm migrate web --auto --dry-run --json")).isZero();
    assertThat(new ObjectMapper().readTree(out.toString()).at("/targets/1/role").asText())
        .isEqualTo("sub");
  }

  @Test
  void aVmThatIsToLeaveFastIsPlannedForTheWholeLinkOfItsHost() {
    assertThat(smemv("vm migrate web --auto --fast --dry-run")).as(err.toString()).isZero();
    assertThat(wishes)
        .containsExactly(new PlanWish("web", null, null, null, 0, 0, false, 1))
        .extracting(PlanWish::again)
        .extracting(PlanWish::linkPart)
        .containsExactly(1.0);
    assertThat(smemv("vm migrate web --main h2 --fast")).isEqualTo(2);
    assertThat(err.toString()).contains("--fast are for --auto");
  }

  @Test
  void thePlanIsCarriedOutByTheSource() {
    attempts.add(ended(MigrationState.DONE, null));
    assertThat(smemv("vm migrate web --auto --main h2 --downtime-limit 50")).isZero();
    assertThat(wishes.getFirst().main()).isEqualTo("h2");
    assertThat(h1.requests)
        .containsExactly(
            new MigrateVm(
                "h2",
                512 * MIB,
                List.of(new SubShare("h3", 544 * MIB)),
                MigrationMode.PRECOPY,
                50,
                0,
                0,
                TimeoutAction.ABORT,
                false));
    assertThat(out.toString()).contains("has the most memory", "moved from h1");
  }

  @Test
  void aPlanThatCameTooLateIsMadeAgainWithFreshFigures() {
    attempts.add(ended(MigrationState.ABORTED, ErrorCode.CAPACITY));
    attempts.add(ended(MigrationState.DONE, null));
    assertThat(smemv("vm migrate web --auto")).as(err.toString()).isZero();
    assertThat(wishes).extracting(PlanWish::fresh).containsExactly(false, true);
    assertThat(err.toString()).contains("not enough memory", "planning again");
    assertThat(out.toString()).contains("moved from h1");
  }

  @Test
  void afterThreePlansThatCameTooLateThatIsSaid() {
    for (int i = 0; i < 3; i++) {
      attempts.add(ended(MigrationState.ABORTED, ErrorCode.CAPACITY));
    }
    assertThat(smemv("vm migrate web --auto")).isEqualTo(5);
    assertThat(wishes).hasSize(3);
    assertThat(err.toString()).contains("VM web stays on h1: 3 plans in a row came too late");
    wishes.clear();
    refusal = ErrorCode.CAPACITY;
    assertThat(smemv("vm migrate web --auto")).as("refused at once").isEqualTo(5);
    assertThat(wishes).hasSize(3);
    assertThat(err.toString()).contains("host h2 has 10 MiB free");
  }

  @Test
  void aMigrationThatFailsForAnotherReasonIsNotTriedAgain() {
    attempts.add(ended(MigrationState.ABORTED, ErrorCode.FAILED));
    assertThat(smemv("vm migrate web --auto")).isEqualTo(1);
    assertThat(wishes).hasSize(1);
    refusal = ErrorCode.BUSY;
    assertThat(smemv("vm migrate web --auto")).isEqualTo(5);
    assertThat(wishes).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "vm migrate web | 2 | --main is needed, or --auto",
        "vm migrate web --main h2 --exclude h3 | 2 | for --auto",
        "vm migrate web --auto --sub h3 | 2 | leave out",
        "vm migrate web --auto --main-memory 512M | 2 | leave out",
        "vm migrate web --auto --host h1 | 2 | leave out --host",
        "vm migrate web --auto --main h2 --exclude h2 | 2 | both wanted and excluded",
        "vm migrate web --auto --exclude a/b | 2 | a/b",
        "vm migrate web --auto --max-subs 65 | 2 | max subs 65",
        "vm migrate web --auto --working-set 1000 | 2 | working set",
        "vm migrate web --auto --directory http://192.0.2.1:80 | 2 | --directory",
        "vm migrate nothing --auto | 4 | no VM named nothing",
        "vm migrate web --main h2 --directory unix:/d | 2 | for --auto",
        "directory --data 127.0.0.1:7300 --api http://192.0.2.1:80 | 2 | --api",
        "directory --data nowhere --api unix:/d | 2 | nowhere",
        "agent --name h1 --data 127.0.0.1:1 --api unix:/a --state /s --capacity 4K --label x | 2 |"
            + " give --directory",
      })
  void badInputEndsWithItsExitCodeAndAsksNobody(String line, int exit, String named) {
    assertThat(smemv(line)).as(err.toString()).isEqualTo(exit);
    assertThat(err.toString()).contains(named);
    assertThat(h1.requests).isEmpty();
  }

  @Test
  void withoutADirectoryThereIsNobodyToChoose() throws IOException {
    writeHosts(false);
    assertThat(smemv("vm migrate web --auto")).isEqualTo(2);
    assertThat(err.toString()).contains("--auto needs a directory", "hosts.json");
  }
}
