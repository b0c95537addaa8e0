package org.smemv.lab.simulator;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;
import org.smemv.node.agent.VmRecord.TakenNote;

/** Stands for node's Housekeeping: ends what is not heard of any more. */
final class Housekeeping {
  static final Duration LAPSE = Duration.ofSeconds(90);
  private static final long PAUSE = 5 * Schedule.SECOND;

  /** Each hour in an agent: nothing depends on when. */
  private static final int ROUNDS_BETWEEN_PRUNINGS = 12;

  private final Agent agent;

  Housekeeping(Agent agent) {
    this.agent = agent;
  }

  void run() {
    for (int round = 1; ; round++) {
      agent.schedule().current().sleep(PAUSE);
      if (!agent.has(Flaw.RESERVATIONS_NEVER_LAPSE)) {
        agent.shares().lapse(agent::isConnected, LAPSE);
      }
      agent.shares().silent(agent::isConnected, LAPSE).forEach(this::askMainHosts);
      agent.left().silent(LAPSE).forEach(this::askAboutTheRest);
      agent.left().shrinkGrants();
      agent.arrivals().lapse();
      if (round % ROUNDS_BETWEEN_PRUNINGS == 0) {
        prune();
      }
    }
  }

  private void askMainHosts(ShareBook.Silent silent) {
    if (agent.has(Flaw.A_SUB_HOST_FREES_WITHOUT_ASKING)) {
      boolean ignored = agent.shares().release(silent.vm(), silent.epoch());
      return;
    }
    try {
      if (agent.shares().freeUnlessNeeded(silent, this::needs)) {
        agent.note("frees " + agent.vmName(silent.vm()) + ", which nobody needs");
      }
    } catch (HostException e) {
      // kept
    }
  }

  private void askAboutTheRest(ShareBook.Silent silent) {
    try {
      boolean ignored = agent.left().freeUnlessNeeded(silent, this::needs);
    } catch (HostException e) {
      // kept
    }
  }

  private boolean needs(String host, UUID vm) throws HostException {
    return new RemoteHost(agent, host).needs(vm);
  }

  private void prune() {
    for (Map.Entry<UUID, TakenNote> entry : new TreeMap<>(agent.machine().notes).entrySet()) {
      TakenNote note = entry.getValue();
      List<String> gone =
          note.sources().stream().filter(source -> knowsNothing(source, entry.getKey())).toList();
      if (note.equals(agent.machine().notes.get(entry.getKey()))) {
        agent.machine().notes.compute(entry.getKey(), (vm, asked) -> note.without(gone));
      }
    }
  }

  private boolean knowsNothing(String source, UUID vm) {
    try {
      return !new RemoteHost(agent, source).holds(vm);
    } catch (HostException e) {
      return false;
    }
  }
}
