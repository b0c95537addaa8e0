package org.smemv.node.command;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DirectoryOperations;
import org.smemv.node.api.MigrateVm;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.PlanReport;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.TimeoutAction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "migrate",
    description = {
      "Moves a running VM to a main host and any number of sub-hosts.",
      "If the main host is the one that it runs on, only its memory is placed anew, while it runs:"
          + " spilled to sub-hosts, moved between them, or gathered."
    },
    footer = {
      "",
      "Example: smemv vm migrate web --main h2 --main-memory 512M --sub h3 --sub h4:256M",
      "         smemv vm migrate web --auto --exclude h5 --dry-run",
      "         smemv vm migrate web --main-memory 2G --sub h3"
    })
final class VmMigrateCommand extends SmemvTask {
  @Parameters(paramLabel = "NAME", description = "The VM.")
  private String name = "";

  @Option(names = "--host", paramLabel = "H", description = "Where it runs; found if left out.")
  private @Nullable String host;

  @Option(
      names = "--main",
      paramLabel = "H",
      description =
          "The host that runs it afterwards; if left out, without --auto, the one that runs it.")
  private @Nullable String main;

  @Mixin private AutoOptions auto = new AutoOptions();

  @Mixin private DirectoryChoice directory = new DirectoryChoice();

  @Option(
      names = "--main-memory",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description =
          "The most of its memory that may be on the main host; if left out all of it, and of a"
              + " split VM as much as now.")
  private long mainMemory;

  @Option(
      names = "--sub",
      paramLabel = "H[:SIZE]",
      converter = SubShareConverter.class,
      description =
          "A host for a part of the rest, and the most it may get. May be repeated; needs"
              + " --main-memory if the VM is not split yet. Of a split VM the sub-hosts that are"
              + " not named give up their pages; when none is named all keep them.")
  private List<SubShare> subs = List.of();

  @Option(
      names = "--mode",
      paramLabel = "precopy|postcopy|hybrid",
      defaultValue = "precopy",
      description =
          "What moves before it runs there: all pages; nothing but its body, and pages follow on"
              + " demand and in the background; or one round of pages and then as in post-copy.")
  private MigrationMode mode = MigrationMode.PRECOPY;

  @Option(
      names = "--downtime-limit",
      paramLabel = "MS",
      defaultValue = "300",
      description = "The pause to aim for, in milliseconds; default 300.")
  private long downtimeLimit;

  @Option(
      names = "--max-bandwidth",
      paramLabel = "R",
      converter = RateConverter.class,
      description =
          "A limit over all targets, such as 500mbit or 60M (bytes per second), for what is sent"
              + " before the switch.")
  private long maxBandwidth;

  @Option(
      names = "--timeout",
      paramLabel = "S",
      description =
          "Seconds for the copying, from the first page to the stop of the VM; no limit if left out.")
  private long timeout;

  @Option(
      names = "--on-timeout",
      paramLabel = "abort|force|postcopy",
      defaultValue = "abort",
      description =
          "What a pre-copy does then: give up, switch over with a longer pause, or switch over and"
              + " have the rest follow. The other modes switch over then in any case, and the rest"
              + " follows.")
  private TimeoutAction onTimeout = TimeoutAction.ABORT;

  @Option(names = "--dry-run", description = "Only print the plan.")
  private boolean dryRun;

  @Override
  protected ExitCode run() throws OperationException {
    if (downtimeLimit == 0) {
      throw new IllegalArgumentException("--downtime-limit 0: at least 1 ms is needed");
    }
    auto.check(main, mainMemory, !subs.isEmpty());
    return auto.isWanted() ? runChosen() : runNamed();
  }

  private MigrateVm request(String mainHost, long mainBytes, List<SubShare> subHosts) {
    return new MigrateVm(
        mainHost,
        mainBytes,
        subHosts,
        mode,
        downtimeLimit,
        maxBandwidth,
        timeout,
        onTimeout,
        false);
  }

  private ExitCode runChosen() throws OperationException {
    if (host != null) {
      throw new IllegalArgumentException("--auto finds out where the VM runs: leave out --host");
    }
    DirectoryOperations chooser = directory.find(this);
    if (chooser == null) {
      throw new IllegalArgumentException(
          "--auto needs a directory: give --directory, or name one in " + hosts().file());
    }
    AutoMigration migration =
        new AutoMigration(screen(), chooser, hosts(), auto.wish(name, main), this::request);
    return dryRun ? migration.dryRun() : migration.run();
  }

  private ExitCode runNamed() throws OperationException {
    if (directory.isGiven()) {
      throw new IllegalArgumentException("--directory is for --auto");
    }
    KnownHosts.Place place = hosts().find(screen(), name, host);
    String mainHost = main == null ? place.host() : main;
    if (place.host().equals(mainHost)) {
      checkStay(mainHost);
    }
    MigrateVm request =
        new MigrateVm(
            mainHost,
            mainMemory,
            subs,
            mode,
            downtimeLimit,
            maxBandwidth,
            timeout,
            onTimeout,
            dryRun);
    if (dryRun) {
      print(place.operations().plan(name, request));
      return ExitCode.OK;
    }
    MigrationReport first = place.operations().migrate(name, request);
    return new MigrationWatch(screen(), place.operations(), first).watch();
  }

  private void checkStay(String mainHost) {
    if (mainMemory == 0 && subs.isEmpty()) {
      throw new IllegalArgumentException(
          "VM %s runs on %s already: choose another main host, or say with --main-memory and --sub how its memory is to be placed"
              .formatted(name, mainHost));
    }
    for (String option :
        List.of("--mode", "--downtime-limit", "--max-bandwidth", "--timeout", "--on-timeout")) {
      if (commandLine().getParseResult().hasMatchedOption(option)) {
        throw new IllegalArgumentException(
            "VM %s runs on %s and stays there, while its pages change places: leave out %s"
                .formatted(name, mainHost, option));
      }
    }
  }

  private void print(PlanReport plan) {
    screen().data(plan);
    MigrationText.plan(plan).forEach(screen()::line);
  }
}
