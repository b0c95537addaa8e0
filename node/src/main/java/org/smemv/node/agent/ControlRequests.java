package org.smemv.node.agent;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostException;
import org.smemv.node.agent.HostRequest.Reply;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.Json;
import org.smemv.node.directory.Heartbeat;
import org.smemv.paging.ControlHandler;
import org.smemv.paging.ErrorCode;
import org.smemv.paging.FrameException;

/** Answers what other hosts' agents ask. */
final class ControlRequests implements ControlHandler {
  private static final Logger log = LoggerFactory.getLogger(ControlRequests.class);

  private final Arrivals arrivals;
  private final HeldShares shares;
  private final LeftVms left;
  private final Supplier<HostReport> describe;
  private final ShareMover mover;
  private final BeatSource beats;

  /** Moves the shares that other hosts have of the VMs here. */
  @FunctionalInterface
  interface ShareMover {
    HostRequest.ShareMove move(HostRequest.MoveShare asked) throws HostException;
  }

  /** What this host would tell a directory. */
  @FunctionalInterface
  interface BeatSource {
    Heartbeat next() throws IOException;
  }

  ControlRequests(
      Arrivals arrivals,
      HeldShares shares,
      LeftVms left,
      Supplier<HostReport> describe,
      ShareMover mover,
      BeatSource beats) {
    this.arrivals = arrivals;
    this.shares = shares;
    this.left = left;
    this.describe = describe;
    this.mover = mover;
    this.beats = beats;
  }

  @Override
  public byte[] handle(byte[] request) {
    HostRequest asked;
    try {
      asked = Json.read(new String(request, StandardCharsets.UTF_8), HostRequest.class);
    } catch (IOException | IllegalArgumentException e) {
      throw new FrameException(
          ErrorCode.MALFORMED, "not a request that this host knows: " + e.getMessage());
    }
    Reply reply;
    try {
      reply = answer(asked);
    } catch (HostException e) {
      log.info("refused {}: {}", asked, e.getMessage());
      reply = Reply.refusal(e);
    }
    return Json.write(reply).getBytes(StandardCharsets.UTF_8);
  }

  private void refuseWhileDraining() throws HostException {
    HostReport host = describe.get();
    if (host.draining()) {
      throw new HostException(HostException.Kind.REFUSED, Draining.refusal(host.name()));
    }
  }

  /**
   * A VM is placed anew only once none of its pages is on a host that it leaves: a host that is
   * asked in a newer epoch need not keep what was left there, and would answer with that for the
   * share.
   */
  private void endRest(Reservation wanted) throws HostException {
    boolean ignored = left.release(wanted.vm(), wanted.epoch() - 1);
    if (left.memory(wanted.vm()) != null) {
      throw new HostException(
          HostException.Kind.REFUSED,
          "VM " + wanted.name() + " is just leaving it: try again in a moment");
    }
  }

  private Heartbeat beat() throws HostException {
    try {
      return beats.next();
    } catch (IOException | IllegalArgumentException e) {
      throw new HostException(
          HostException.Kind.REFUSED, "it cannot say all of itself: " + e.getMessage(), e);
    }
  }

  private Reply answer(HostRequest asked) throws HostException {
    switch (asked) {
      case HostRequest.Describe describeIt -> {
        return Reply.of(describe.get());
      }
      case HostRequest.Beat beat -> {
        return Reply.of(beat());
      }
      case HostRequest.Reserve(var reservation) -> {
        refuseWhileDraining();
        endRest(reservation);
        if (reservation.role() == Role.MAIN) {
          shares.requireOlder(reservation);
          arrivals.reserve(reservation);
        } else {
          // An older attempt to bring the VM here came to nothing, and could not say so.
          arrivals.release(reservation.vm(), reservation.epoch() - 1);
          shares.reserve(reservation);
        }
      }
      case HostRequest.Prepare(var vm, var epoch, var body, var list) ->
          arrivals.prepare(vm, epoch, body, list);
      case HostRequest.ExpectRest(var vm, var epoch, var rest) ->
          arrivals.expectRest(vm, epoch, rest);
      case HostRequest.Keep(var vm, var epoch) -> shares.keep(vm, epoch);
      case HostRequest.MayMove(var vm, var epoch, var main) -> shares.mayMove(vm, epoch, main);
      case HostRequest.Adopt(var vm, var epoch, var main) -> {
        if (left.memory(vm) == null) { // what a VM left here knows its main host already
          shares.adopt(vm, epoch, main);
        }
      }
      case HostRequest.Resize(var vm, var epoch, var bytes, var undo) -> {
        if (undo) {
          shares.undoResize(vm, epoch, bytes);
        } else {
          shares.resize(vm, epoch, bytes);
        }
      }
      case HostRequest.Commit(var vm, var epoch) -> arrivals.commit(vm, epoch);
      case HostRequest.Decided(var vm, var epoch) -> {
        return Reply.decided(arrivals.decided(vm, epoch));
      }
      case HostRequest.Holds(var vm) -> {
        return Reply.decided(arrivals.holds(vm));
      }
      case HostRequest.Needs(var vm, var sub) -> {
        return Reply.decided(arrivals.needs(vm, sub));
      }
      case HostRequest.MoveShare asking -> {
        return Reply.of(mover.move(asking));
      }
      case HostRequest.ToGather(var vm, var epoch) -> {
        return Reply.of(arrivals.toGather(vm, epoch));
      }
      case HostRequest.Resume(var vm, var epoch) -> arrivals.resume(vm, epoch);
      case HostRequest.TurnBack(var vm, var epoch) -> arrivals.release(vm, epoch);
      case HostRequest.Release(var vm, var epoch) -> {
        // Both: what it had as a sub-host before may not have been given back yet.
        boolean share = shares.release(vm, epoch);
        boolean rest = left.release(vm, epoch);
        log.debug("VM {}: released a share: {}, what it left: {}", vm, share, rest);
      }
    }
    return Reply.DONE;
  }
}
