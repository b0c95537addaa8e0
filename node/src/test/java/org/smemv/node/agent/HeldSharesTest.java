package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostException;
import org.smemv.paging.PageStore;
import org.smemv.paging.SlabPool;
import org.smemv.placement.MemoryLedger;

/** Who is asked before the pages of a share are freed. */
class HeldSharesTest {
  private static final UUID VM = new UUID(5, 5);
  private static final long BYTES = 1 << 20;

  private final MemoryLedger ledger = new MemoryLedger(4 * BYTES);
  private final SlabPool pool = new SlabPool(1024, 4);
  private final HeldShares shares = new HeldShares(ledger, pool);

  @BeforeEach
  void aShareIsKeptForH1() throws Exception {
    shares.reserve(new Reservation(VM, "web", 2, Role.SUB, BYTES, 2 * BYTES, "h0", "h1"));
    shares.keep(VM, 2);
  }

  @AfterEach
  void close() {
    boolean ignored = shares.release(VM, Long.MAX_VALUE);
    pool.close();
  }

  private String mainHost() {
    return shares.report().getFirst().mainHost();
  }

  @Test
  void theNewMainHostIsTheOneThatAdoptedIt() throws Exception {
    shares.mayMove(VM, 3, "h2");
    assertThat(mainHost()).isEqualTo("h1");
    shares.adopt(VM, 3, "h2");
    assertThat(mainHost()).isEqualTo("h2");
    assertThatThrownBy(() -> shares.adopt(VM, 2, "h1")).isInstanceOf(HostException.class);
    assertThat(shares.release(VM, 2)).isFalse();
    assertThat(shares.release(VM, 3)).isTrue();
  }

  /** Else the next main host would not be asked, and its pages be freed. */
  @Test
  void aLateAdoptionDoesNotUndoWhatTheNextMoveAnnounced() throws Exception {
    shares.mayMove(VM, 3, "h2");
    shares.mayMove(VM, 4, "h3");
    shares.adopt(VM, 3, "h2");
    assertThat(shares.mainHosts(VM)).contains("h2", "h3");
    shares.adopt(VM, 4, "h3");
    assertThat(shares.mainHosts(VM)).containsExactly("h3");
  }

  /** Else a target that is gone for good would be asked for ever. */
  @Test
  void aMoveThatCameToNothingLeavesOnlyTheSourceToBeAsked() throws Exception {
    shares.mayMove(VM, 3, "h2");
    shares.adopt(VM, 3, "h1");
    shares.adopt(VM, 3, "h1");
    assertThat(shares.mainHosts(VM)).containsExactly("h1");

    shares.mayMove(VM, 4, "h3");
    shares.adopt(VM, 3, "h1");
    assertThat(shares.mainHosts(VM)).containsExactlyInAnyOrder("h1", "h3");
  }

  @Test
  void whatIsNotKeptOrOfAnOlderEpochIsRefused() {
    assertThatThrownBy(() -> shares.mayMove(VM, 1, "h2")).hasMessageContaining("epoch 2");
    assertThatThrownBy(() -> shares.mayMove(new UUID(5, 6), 3, "h2"))
        .hasMessageContaining("holds no pages");
  }

  /** The pager of a VM that stays where it is goes on with its epoch, at all sub-hosts. */
  @Test
  void aShareOfAVmThatStaysLetsInTheOlderEpochThatItsPagerStoresWith() throws Exception {
    UUID staying = new UUID(7, 8);
    shares.reserve(new Reservation(staying, "db", 9, Role.SUB, BYTES, 2 * BYTES, "h1", "h1", 5));
    PageStore store = shares.store(staying);
    assertThatThrownBy(() -> store.admit(4)).hasMessageContaining("epoch 5");
    store.admit(5);
    assertThatThrownBy(() -> shares.keep(staying, 5)).isInstanceOf(HostException.class);
    shares.keep(staying, 9);
    assertThat(shares.release(staying, 8)).isFalse();
    assertThat(shares.release(staying, 9)).isTrue();
  }

  @Test
  void aReservationThatWouldLetInWhatNoPagerCanHaveIsRefused() {
    for (long pagesFrom : new long[] {0, 10}) {
      assertThatThrownBy(
              () -> new Reservation(VM, "db", 9, Role.SUB, BYTES, BYTES, "h1", "h1", pagesFrom))
          .hasMessageContaining("1 to 9 are possible");
    }
  }
}
