package org.smemv.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.smemv.migration.MigrationState;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.Json;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/**
 * Kills agents and starts them again. The pages that an agent holds for VMs of other hosts die with
 * it, so one whose pages a VM needs is spared. Any thread.
 */
final class AgentDeaths {
  /**
   * Where a migration may make a host's pages the only ones at any moment. While it copies, its
   * source has them all; once it settles, the VM's main host reports its sub-hosts.
   */
  private static final Set<MigrationState> AT_STAKE =
      EnumSet.of(
          MigrationState.RESERVE, // where the body stays, a share is kept in this step
          MigrationState.PAUSE,
          MigrationState.SEND_BODY,
          MigrationState.COMMIT,
          MigrationState.RESUME,
          MigrationState.STALLED);

  private final SplitLab lab;
  private final List<String> hosts;

  AgentDeaths(SplitLab lab, List<String> hosts) {
    this.lab = lab;
    this.hosts = hosts;
  }

  /**
   * Kills the agent unless a VM might need its pages. It stands still while that is found out, so
   * that nothing new comes to it meanwhile. A lab is for one thread at a time, hence the lock.
   *
   * @param downMillis until the next one is started
   * @return whether it was killed
   */
  synchronized boolean kill(String host, long downMillis) {
    try (Signals.Stopped _ = Signals.stopAgents(lab.lab(), host)) {
      if (isNeeded(host)) {
        return false;
      }
      lab.lab().killAgent(host);
    }
    Pause.millis(downMillis);
    lab.lab().startAgent(host);
    return true;
  }

  /** The agent stands still for a while, with all its connections open. */
  synchronized void stop(String host, long millis) {
    try (Signals.Stopped _ = Signals.stopAgents(lab.lab(), host)) {
      Pause.millis(millis);
    }
  }

  private boolean isNeeded(String host) {
    try {
      Set<String> outlive = leftAt(host);
      // Twice: a VM that moves from a host that was not asked yet to one that was is seen the
      // second time, and cannot move once more while one of its sub-hosts stands still.
      boolean first = anyNeeds(host, outlive);
      return first || anyNeeds(host, outlive);
    } catch (OperationException e) {
      return true; // whoever cannot be asked may need it
    }
  }

  private boolean anyNeeds(String host, Set<String> outlive) throws OperationException {
    for (String other : hosts) {
      if (!other.equals(host) && needs(lab.host(other), host, outlive)) {
        return true;
      }
    }
    return false;
  }

  private static boolean needs(HostOperations main, String host, Set<String> outlive)
      throws OperationException {
    // In this order: what a migration has done by now is in the reports of VMs that follow.
    for (MigrationReport migration : main.migrations()) {
      if (AT_STAKE.contains(migration.state())) {
        return true;
      }
    }
    for (VmReport vm : main.vms()) {
      if (!outlive.contains(vm.id())
          && vm.subs().stream().anyMatch(sub -> sub.host().equals(host))) {
        return true;
      }
    }
    return false;
  }

  /** What VMs left when they moved on is in a file, and outlives the agent. */
  private Set<String> leftAt(String host) {
    Set<String> left = new HashSet<>();
    Path vms = lab.lab().host(host).plan().folder().resolve("state/vms");
    try (Stream<Path> files = Files.walk(vms, 2)) {
      for (Path file : files.filter(path -> path.endsWith("vm.json")).toList()) {
        VmRecord record = Json.read(Files.readString(file), VmRecord.class);
        if (record.phase() == VmRecord.Phase.LEFT) {
          left.add(record.id().toString());
        }
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of " + host + " makes no sense", e);
    } catch (IOException | UncheckedIOException e) {
      return Set.of(); // a folder that is just being made or removed
    }
    return left;
  }
}
