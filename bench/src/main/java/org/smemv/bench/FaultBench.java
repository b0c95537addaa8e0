package org.smemv.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.smemv.lab.AgentProgram;
import org.smemv.lab.HostPlan;
import org.smemv.lab.Lab;
import org.smemv.lab.LabException;
import org.smemv.lab.LabHost;
import org.smemv.lab.LabPlan;
import org.smemv.lab.LinkRate;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.MemoryMount;
import org.smemv.placement.PageSize;

/**
 * A remote page fault against a bare exchange of the same size over the same link. Host h1 of a lab
 * has a process with its memory under a pager, which is another process; h2 has the page server. A
 * purpose-made process stands for the vCPU thread, because a translated guest would only add the
 * noise of its translation.
 */
final class FaultBench {
  /** What a host has beside the pages: memory of the programs that no agent has. */
  private static final long SPARE_BYTES = 256L << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration RUN_TIMEOUT = Duration.ofMinutes(10);

  /**
   * What to measure.
   *
   * @param warmUp samples of each kind that do not count
   * @param rounds rounds of each kind, in turn
   * @param samples in a round
   * @param pauseMicros computing between two samples
   * @param link rate of the hosts' links
   */
  record Options(int warmUp, int rounds, int samples, int pauseMicros, String link) {
    Options {
      if (warmUp < 1 || rounds < 1 || samples < 1 || pauseMicros < 0) {
        throw new IllegalArgumentException("warm-up, rounds and samples must be 1 or more");
      }
      if (bytes(warmUp, rounds, samples) > 4L << 30) {
        throw new IllegalArgumentException("every sample needs a page: more than 4 GiB of them");
      }
    }

    private static long bytes(long warmUp, long rounds, long samples) {
      return (warmUp + rounds * samples) * PageSize.BYTES;
    }

    long pages() {
      return bytes(warmUp, rounds, samples) / PageSize.BYTES;
    }

    /** Of each of the two hosts. */
    long capacityBytes() {
      return pages() * PageSize.BYTES + SPARE_BYTES;
    }
  }

  /** In the agents' place: the benchmark starts what it needs itself. */
  private static final class NoAgent implements AgentProgram {
    @Override
    public List<String> command(HostPlan host) {
      return List.of("sleep", "infinity");
    }

    @Override
    public boolean answers(HostPlan host) {
      return true;
    }
  }

  private FaultBench() {}

  /**
   * Makes a lab, measures, and removes the lab.
   *
   * @throws LabException when a part does not start, or a page was read wrong
   */
  static FaultReport run(Options options) {
    long capacity = options.capacityBytes();
    LabPlan plan =
        LabPlan.of(
            List.of(capacity, capacity), LinkRate.parse(options.link()), LabPlan.DEFAULT_MTU);
    try (Lab lab = Lab.up(plan, new NoAgent())) {
      return run(options, lab.host("h1"), lab.host("h2"));
    }
  }

  private static FaultReport run(Options options, LabHost main, LabHost sub) {
    Path directory = main.plan().folder().resolve("ram");
    MemoryMount.ensure(directory);
    Path ram = directory.resolve("ram");
    MemoryFile.create(ram, options.pages() * PageSize.BYTES).close();
    String subAddress = sub.plan().address();
    try (ChildJvm server =
        ChildJvm.start(sub, FaultBenchServer.class, subAddress, options.pages())) {
      String[] ports = server.line(PATIENCE).split(" ", -1);
      try (ChildJvm guest =
              ChildJvm.start(
                  main,
                  FaultBenchGuest.class,
                  ram,
                  subAddress,
                  ports[1],
                  options.warmUp(),
                  options.rounds(),
                  options.samples(),
                  options.pauseMicros() * 1000L);
          ChildJvm pager = pager(options, main, ram, guest, subAddress, ports[0])) {
        String ready = pager.line(PATIENCE);
        if (!ready.equals("ready")) {
          throw new LabException("the pager says " + ready);
        }
        guest.go();
        return report(options, guest.line(RUN_TIMEOUT));
      }
    }
  }

  private static ChildJvm pager(
      Options options, LabHost main, Path ram, ChildJvm guest, String sub, String port) {
    String ready = guest.line(PATIENCE);
    if (!ready.equals("ready")) {
      throw new LabException("the guest says " + ready);
    }
    return ChildJvm.start(
        main,
        FaultBenchPager.class,
        guest.pid(),
        ram,
        ram.resolveSibling("table"),
        options.pages(),
        sub,
        port);
  }

  private static FaultReport report(Options options, String line) {
    FaultBenchGuest.Result result;
    try {
      result = new ObjectMapper().readValue(line, FaultBenchGuest.Result.class);
    } catch (JsonProcessingException e) {
      throw new LabException("the guest says " + line, e);
    }
    if (result.wrong() > 0) {
      throw new LabException(result.wrong() + " pages were read wrong");
    }
    long samples = (long) options.rounds() * options.samples();
    return FaultReport.of(samples, options.pauseMicros(), result.fault(), result.pingPong());
  }
}
