package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.ShareAdoption.Adopter;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageServer;
import org.smemv.paging.SlabPool;
import org.smemv.placement.MemoryLedger;

/** Sub-hosts are told over real connections who the main host is; they may be away meanwhile. */
class ShareAdoptionTest {
  private static final UUID VM = new UUID(5, 7);
  private static final long BYTES = 1 << 20;

  private final SlabPool pool = new SlabPool(1024, 4);
  private final HeldShares shares = new HeldShares(new MemoryLedger(4 * BYTES), pool);
  private final Map<String, InetSocketAddress> addresses = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private PageServer server;

  /** A sub-host s, of which only the shares are asked anything. */
  @SuppressWarnings("NullAway")
  private PageServer serve(InetSocketAddress address) {
    HolderDirectory none =
        new HolderDirectory() {
          @Override
          public @Nullable PageHolder holder(UUID vm) {
            return null;
          }

          @Override
          public @Nullable BodySink bodySink(UUID vm, long epoch) {
            return null;
          }
        };
    return PageServer.start(
        address,
        new PageServer.Services(
            none,
            new ControlRequests(
                null,
                shares,
                new LeftVms(null, null, null),
                () -> null,
                asked -> null,
                () -> null)),
        PageServer.Options.of("s"));
  }

  @BeforeEach
  void aShareWhoseVmWasToMoveFromH1ToH2() throws Exception {
    shares.reserve(new Reservation(VM, "web", 2, Role.SUB, BYTES, 2 * BYTES, "h0", "h1"));
    shares.keep(VM, 2);
    shares.mayMove(VM, 3, "h2");
    server = serve(new InetSocketAddress("127.0.0.1", 0));
    addresses.put("s", server.address());
  }

  @AfterEach
  void close() {
    server.close();
    boolean ignored = shares.release(VM, Long.MAX_VALUE);
    pool.close();
  }

  private ShareAdoption adoption(long epoch) {
    List<Share> all = List.of(new Share(0, "s", BYTES));
    return new ShareAdoption(
        new Adopter("web", VM, epoch, () -> all, closed::get), "h1", this::address);
  }

  private InetSocketAddress address(String host) {
    InetSocketAddress address = addresses.get(host);
    if (address == null) {
      throw new IllegalArgumentException("no host named " + host);
    }
    return address;
  }

  @Test
  void aSourceThatKeepsItsVmIsTheOnlyOneThatIsAskedAgain() {
    assertThat(shares.mainHosts(VM)).containsExactlyInAnyOrder("h1", "h2");
    ShareAdoption adoption = adoption(3);
    assertThat(adoption.tellAll()).isTrue();
    assertThat(adoption.tellAll()).isTrue();
    assertThat(shares.mainHosts(VM)).containsExactly("h1");
  }

  @Test
  void aSubHostThatCannotBeToldIsToldWhenItIsBack() {
    ShareAdoption adoption = adoption(3);
    server.close();
    assertThat(adoption.tellAll()).isFalse();
    addresses.remove("s");
    assertThat(adoption.tellAll()).isFalse();
    server = serve(server.address());
    addresses.put("s", server.address());
    assertThat(adoption.tellAll()).isTrue();
    assertThat(shares.mainHosts(VM)).containsExactly("h1");
  }

  @Test
  void whatIsToldTooLateChangesNothing() throws Exception {
    shares.adopt(VM, 4, "h3");
    assertThat(adoption(3).tellAll()).isTrue();
    assertThat(shares.mainHosts(VM)).containsExactly("h3");
  }

  @Test
  void aVmThatHasLeftTellsNobody() {
    closed.set(true);
    assertThat(adoption(3).tellAll()).isTrue();
    assertThat(shares.mainHosts(VM)).containsExactlyInAnyOrder("h1", "h2");
  }
}
