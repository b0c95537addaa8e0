package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Function;
import org.smemv.migration.HostException;
import org.smemv.node.agent.HostRequest.ShareMove;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;

/**
 * Has the shares that a host holds moved elsewhere when it is emptied: the main host of each VM
 * does it, as it alone knows which page is where. Many threads.
 */
final class DrainedShares implements HostDrain.Mover {
  private static final Duration LOOK = Duration.ofMillis(500);

  /** Its agent is restarted within this; the share leaves meanwhile, or it is asked again. */
  private static final Duration SILENCE = Duration.ofSeconds(20);

  private final String host;
  private final HeldShares held;
  private final Function<String, InetSocketAddress> addressOf;

  DrainedShares(String host, HeldShares held, Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.held = held;
    this.addressOf = addressOf;
  }

  @Override
  public void move(DrainThing thing, SetDraining how, DrainMove move)
      throws OperationException, InterruptedException {
    UUID vm = UUID.fromString(thing.id());
    try (RemoteHost main =
        new RemoteHost(thing.mainHost(), addressOf.apply(thing.mainHost()), host)) {
      look(main.moveShare(vm, how.fast() ? move.linkPart() : 0), move);
      follow(main, vm, move);
    } catch (HostException e) {
      throw failed(e);
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.NOT_FOUND, String.valueOf(e.getMessage()), e);
    }
  }

  /** Until nothing of it is here; what is leaving goes on leaving when the drain ends. */
  private void follow(RemoteHost main, UUID vm, DrainMove move)
      throws OperationException, HostException, InterruptedException {
    long heard = System.nanoTime();
    while (held.holds(vm) && !move.isCancelled()) {
      Thread.sleep(LOOK);
      try {
        ShareMove now = main.shareMove(vm);
        heard = System.nanoTime();
        if (held.holds(vm)) { // it may have left between the two
          look(now, move);
        }
      } catch (HostException e) {
        // It may be on its way to tell this host that the share is not needed any more.
        if (System.nanoTime() - heard > SILENCE.toNanos()) {
          throw e;
        }
        move.trouble(e.getMessage());
      }
    }
  }

  private static void look(ShareMove now, DrainMove move) throws OperationException {
    if (!now.underWay()) {
      throw new OperationException(
          now.busy() ? ErrorCode.BUSY : ErrorCode.FAILED, String.valueOf(now.reason()));
    }
    if (!now.to().isEmpty()) {
      move.goesTo(now.to());
    }
    move.trouble(now.reason());
  }

  private static OperationException failed(HostException e) {
    ErrorCode code =
        switch (e.kind()) {
          case CAPACITY -> ErrorCode.CAPACITY;
          case REFUSED -> ErrorCode.FAILED;
          case UNREACHABLE -> ErrorCode.UNREACHABLE_HOST;
        };
    return new OperationException(code, String.valueOf(e.getMessage()), e);
  }
}
