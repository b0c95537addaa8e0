package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.smemv.migration.HostException;

/**
 * A data connection about one VM: what goes over it arrives in order or not at all. The server lets
 * a successor in only when its predecessor has ended, so what one did not deliver by then is not
 * delivered later. Until then it may be, also when the caller has given it up or has died.
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
  private boolean superseded;
  private boolean established;
  private PageHolder holder;
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
          PageHolder found = agent.holder(vm, from.name(), epoch);
          if (reading) {
            found.admitReader(epoch);
          } else {
            found.admit(epoch);
          }
          holder = found;
          established = true;
          agent.connected(this);
          answer.done(true);
        });
  }

  /** Asks for something that concerns the VM's pages there. */
  <T> Call<T> ask(String what, Network.Question<T> question) {
    return send(what, (agent, answer) -> answer.done(question.answer(agent)));
  }

  /** Something that the pages at the other end are asked. */
  interface PageQuestion<T> {
    T answer(PageHolder pages) throws HostException;
  }

  /** Asks those pages that were there when this was opened. */
  <T> Call<T> askPages(String what, PageQuestion<T> question) {
    return ask(what, agent -> question.answer(pages()));
  }

  PageHolder pages() throws HostException {
    if (holder == null) {
      throw Agent.refused("the connection was not let in");
    }
    return holder;
  }

  /** Whether it brings a VM to the other end. */
  boolean isForArrival() {
    return holder instanceof IncomingMemory;
  }

  <T> Call<T> send(String what, Network.Request<T> request) {
    if (closed) {
      Call<T> failed = new Call<>(from.schedule());
      failed.fail(new HostException(HostException.Kind.UNREACHABLE, to + " is not connected"));
      return failed;
    }
    Call<T> call =
        network.send(from, to, from.vmName(vm) + "/" + epoch + " " + what, TIMEOUT, this, request);
    if (underWay.size() > 64) {
      underWay.removeIf(Call::isDone);
    }
    underWay.add(call);
    return call;
  }

  /** A successor was let in: what this one did not deliver by now is not delivered any more. */
  void superseded() {
    superseded = true;
    underWay.forEach(Call::cancel);
  }

  boolean isSuperseded() {
    return superseded;
  }

  /** Whether the server holds the other one for this one's predecessor. */
  boolean succeeds(Link other) {
    return other != this
        && other.from.name().equals(from.name())
        && other.vm.equals(vm)
        && other.reading == reading
        && other.isForArrival() == isForArrival();
  }

  /** The caller hears of nothing any more; what is on the wire may still arrive. */
  void close() {
    closed = true;
    for (Call<?> call : List.copyOf(underWay)) {
      call.fail(new HostException(HostException.Kind.UNREACHABLE, "connection to " + to + " lost"));
    }
  }
}
