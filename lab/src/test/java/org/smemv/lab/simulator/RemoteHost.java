package org.smemv.lab.simulator;

import java.util.List;
import java.util.UUID;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostControl;
import org.smemv.migration.HostException;
import org.smemv.node.api.HostReport;

/** Stands for node's RemoteHost: another host's agent, asked by a task that waits. */
final class RemoteHost implements HostControl {
  private static final long ANSWER = 5 * Schedule.SECOND;
  private static final long PREPARE = 60 * Schedule.SECOND;
  private static final long CONNECTS = 15 * Schedule.SECOND;
  private static final long RELEASE = 20 * Schedule.SECOND;

  private final Agent from;
  private final String to;

  RemoteHost(Agent from, String to) {
    this.from = from;
    this.to = to;
  }

  private <T> T ask(String what, long timeout, Network.Question<T> question) throws HostException {
    return from.network().ask(from, to, what, timeout, question).await();
  }

  private interface Order {
    void to(Agent agent) throws HostException;
  }

  private void tell(String what, UUID vm, long epoch, long timeout, Order order)
      throws HostException {
    boolean ignored =
        ask(
            what + " " + from.vmName(vm) + "/" + epoch,
            timeout,
            agent -> {
              order.to(agent);
              return true;
            });
  }

  @Override
  public String name() {
    return to;
  }

  HostReport describe() throws HostException {
    return ask("describe", ANSWER, Agent::report);
  }

  @Override
  public void reserve(Reservation wanted) throws HostException {
    String what = "reserve " + wanted.role() + " " + (wanted.bytes() >> 10) + "K";
    tell(what, wanted.vm(), wanted.epoch(), ANSWER, agent -> agent.reserve(wanted));
  }

  @Override
  public void prepare(UUID vm, long epoch, String body, List<Share> shares) throws HostException {
    tell("prepare", vm, epoch, PREPARE, agent -> agent.arrivals().prepare(vm, epoch, shares));
  }

  @Override
  public void mayMove(UUID vm, long epoch, String main) throws HostException {
    if (!from.has(Flaw.MAY_MOVE_IS_NOT_TOLD)) {
      tell("may-move", vm, epoch, ANSWER, agent -> agent.shares().mayMove(vm, epoch, main));
    }
  }

  @Override
  public void adopt(UUID vm, long epoch, String main) throws HostException {
    tell("adopt", vm, epoch, ANSWER, agent -> agent.adopt(vm, epoch, main));
  }

  @Override
  public void keep(UUID vm, long epoch) throws HostException {
    tell("keep", vm, epoch, ANSWER, agent -> agent.shares().keep(vm, epoch));
  }

  @Override
  public void resize(UUID vm, long epoch, long bytes) throws HostException {
    tell("resize", vm, epoch, ANSWER, agent -> agent.shares().resize(vm, epoch, bytes));
  }

  @Override
  public void undoResize(UUID vm, long epoch, long bytes) throws HostException {
    tell("undo-resize", vm, epoch, ANSWER, agent -> agent.shares().undoResize(vm, epoch, bytes));
  }

  @Override
  public BodySource.Unmoved toGather(UUID vm, long epoch) throws HostException {
    String what = "to-gather " + from.vmName(vm) + "/" + epoch;
    return ask(what, ANSWER, agent -> agent.arrivals().toGather(vm, epoch));
  }

  @Override
  public void commit(UUID vm, long epoch) throws HostException {
    try {
      tell("commit", vm, epoch, ANSWER, agent -> agent.arrivals().commit(vm, epoch));
    } catch (HostException e) {
      if (from.has(Flaw.THE_SOURCE_RUNS_ON_AFTER_AN_UNKNOWN_COMMIT)) {
        throw Agent.refused(e.getMessage());
      }
      throw e;
    }
  }

  @Override
  public boolean decided(UUID vm, long epoch) throws HostException {
    String what = "decided " + from.vmName(vm) + "/" + epoch;
    return ask(what, ANSWER, agent -> agent.arrivals().decided(vm, epoch));
  }

  boolean holds(UUID vm) throws HostException {
    return ask("holds " + from.vmName(vm), ANSWER, agent -> agent.arrivals().holds(vm));
  }

  boolean needs(UUID vm) throws HostException {
    String sub = from.name();
    return ask("needs " + from.vmName(vm), ANSWER, agent -> agent.arrivals().needs(vm, sub));
  }

  @Override
  public void resume(UUID vm, long epoch) throws HostException {
    tell("resume", vm, epoch, ANSWER, agent -> agent.arrivals().resume(vm, epoch));
  }

  @Override
  public void expectRest(UUID vm, long epoch, Share rest) throws HostException {
    String what = "expect-rest " + from.vmName(vm) + "/" + epoch;
    boolean ignored =
        from.network()
            .<Boolean>send(
                from,
                to,
                what,
                CONNECTS,
                null,
                (agent, answer) -> agent.arrivals().expectRest(vm, epoch, rest, answer))
            .await();
  }

  @Override
  public void turnBack(UUID vm, long epoch) throws HostException {
    tell("turn-back", vm, epoch, RELEASE, agent -> agent.turnBack(vm, epoch));
  }

  @Override
  public void release(UUID vm, long epoch) throws HostException {
    tell("release", vm, epoch, RELEASE, agent -> agent.release(vm, epoch));
  }
}
