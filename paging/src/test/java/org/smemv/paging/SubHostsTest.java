package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sub-hosts that come and go while the VM runs. */
@Timeout(60)
class SubHostsTest {
  private static final UUID VM = new UUID(5, 4);

  private final StoreServer first = new StoreServer(VM, 100, "s0");
  private final StoreServer second = new StoreServer(VM, 100, "s1");
  private final SubHosts hosts = new SubHosts(VM, 1, "main");
  private final ConcurrentLinkedQueue<FaultLink> links = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void start() {
    hosts.add(new SubHost.Identity(0, "s0", first.address()), 100);
    hosts.add(new SubHost.Identity(1, "s1", second.address()), 50);
    hosts.start(links::add, () -> {});
    await().until(() -> links.size() == 2);
  }

  @AfterEach
  void close() {
    hosts.close();
    links.forEach(FaultLink::close);
    first.close();
    second.close();
  }

  private static PageBatch zeros(int count) {
    PageBatch batch = new PageBatch();
    for (int page = 0; page < count; page++) {
      batch.add(page, 0, PageFlags.ZERO);
    }
    return batch;
  }

  @Test
  void aLeavingSubHostGetsNoPagesHoweverMuchRoomItHas() {
    hosts.put(1, zeros(10));
    assertThat(hosts.choose(1)).isZero();
    hosts.at(0).leaving(true);
    assertThat(hosts.choose(1)).isEqualTo(1);
    hosts.at(1).leaving(true);
    assertThat(hosts.choose(1)).isEqualTo(-1);
    hosts.at(0).leaving(false);
    assertThat(hosts.choose(1)).isZero();
  }

  @Test
  void anIndexBelongsToOneSubHostAtATime() {
    SubHost.Identity taken = new SubHost.Identity(1, "s7", first.address());
    assertThatThrownBy(() -> hosts.add(taken, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("s7")
        .hasMessageContaining("s1 has it");
    for (int index : new int[] {-1, SubHosts.HOSTS_MAX}) {
      SubHost.Identity outside = new SubHost.Identity(index, "s8", first.address());
      assertThatThrownBy(() -> hosts.add(outside, 5)).hasMessageContaining("0..63");
    }
    assertThat(hosts.count()).isEqualTo(2);
  }

  @Test
  void aSubHostThatWasForgottenMakesRoomForAnotherWithItsIndex() {
    FaultLink old = links.stream().filter(link -> link.host() == 0).findFirst().orElseThrow();
    SubHost gone = hosts.forget(0);
    assertThat(hosts.at(0)).isNull();
    assertThat(hosts.all()).hasSize(1);
    assertThat(hosts.count()).isEqualTo(2);
    assertThatThrownBy(() -> hosts.put(0, zeros(1))).hasMessageContaining("no sub-host");
    gone.close();

    links.clear();
    hosts.add(new SubHost.Identity(0, "s0", first.address()), 70);
    await().until(() -> links.size() == 1);
    assertThat(links.element().host()).isZero();
    // What was heard late of the connection before says nothing about this one.
    hosts.lost(old, "late");
    assertThat(hosts.at(0).stores()).isTrue();
    hosts.put(0, zeros(3));
    assertThat(hosts.at(0).usedPages()).isEqualTo(3);
    old.close();
  }

  /** Else none would be reached any more, and every page there would be waited for in vain. */
  @Test
  void aSubHostForWhichNoThreadCouldBeMadeIsConnectedLater() {
    AtomicInteger made = new AtomicInteger();
    ThreadFactory threads =
        connecting -> {
          if (made.getAndIncrement() < 2) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          return Thread.ofPlatform().daemon().unstarted(connecting);
        };
    try (SubHosts other = new SubHosts(new SubHosts.Caller(VM, 2, "main"), false, threads)) {
      other.add(new SubHost.Identity(0, "s0", first.address()), 100);
      other.start(FaultLink::close, () -> {});
      await().until(() -> other.at(0).state() == SubHost.State.CONNECTED);
    }
    assertThat(made).hasValue(3);
  }
}
