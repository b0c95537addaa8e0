package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.smemv.migration.HostException;

/**
 * A data connection about one VM: what goes over it arrives in order or not at all. The server lets
 * a successor in only when its predecessor has ended, so what a closed one did not deliver is not
 * delivered later. What a dead agent had on the wire still arrives.
 */
final class Link {
  static final long TIMEOUT = 10 * Schedule.SECOND;

  private final Network network;
  private final Agent from;
  private final String to;
  private final UUID vm;
  private final long epoch;
  private final boolean reading;
  private final List<Call<?>> underWay = new ArrayList<>();
  private boolean closed;
  private boolean established;
  private long lastArrival;

  /**
   * @param reading it changes nothing at the other end and fences nobody off
   */
  Link(Network network, Agent from, String to, UUID vm, long epoch, boolean reading) {
    this.network = network;
    this.from = from;
    this.to = to;
    this.vm = vm;
    this.epoch = epoch;
    this.reading = reading;
  }

  String to() {
    return to;
  }

  UUID vm() {
    return vm;
  }

  long epoch() {
    return epoch;
  }

  Agent from() {
    return from;
  }

  boolean isOpen() {
    return !closed;
  }

  boolean isEstablished() {
    return established && !closed;
  }

  /** Whether the other end would say that it is connected. */
  boolean isHeard() {
    return isEstablished() && !from.life().isOver() && !network.isCut(from.name(), to);
  }

  long inOrder(long arrival) {
    lastArrival = Math.max(arrival, lastArrival);
    return lastArrival;
  }

  Call<Boolean> open() {
    return this.<Boolean>send(
        reading ? "connects to read" : "connects",
        (agent, answer) -> {
          PageHolder holder = agent.holder(vm);
          if (reading) {
            holder.admitReader(epoch);
          } else {
            holder.admit(epoch);
          }
          established = true;
          agent.connected(this);
          answer.done(true);
        });
  }

  /** Asks for something that concerns the VM's pages there. */
  <T> Call<T> ask(String what, Network.Question<T> question) {
    return send(what, (agent, answer) -> answer.done(question.answer(agent)));
  }

  <T> Call<T> send(String what, Network.Request<T> request) {
    if (closed) {
      Call<T> failed = new Call<>(from.schedule());
      failed.fail(new HostException(HostException.Kind.UNREACHABLE, to + " is not connected"));
      return failed;
    }
    Call<T> call =
        network.send(from, to, from.vmName(vm) + "/" + epoch + " " + what, TIMEOUT, this, request);
    underWay.removeIf(Call::isDone);
    underWay.add(call);
    return call;
  }

  void close() {
    closed = true;
    underWay.forEach(Call::cancel);
    for (Call<?> call : List.copyOf(underWay)) {
      call.fail(new HostException(HostException.Kind.UNREACHABLE, "connection to " + to + " lost"));
    }
    underWay.clear();
  }
}
