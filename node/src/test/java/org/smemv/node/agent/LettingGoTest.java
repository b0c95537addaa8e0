package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.linux.MemoryFile;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageLinkException;
import org.smemv.paging.PageServer;
import org.smemv.paging.TrafficClass;
import org.smemv.placement.MemoryLedger;

/** Memory that a connection may still use, though it was told to end. */
@Timeout(60)
class LettingGoTest implements HolderDirectory {
  private static final long BYTES = 8L << 20;

  @TempDir Path state;
  private HostPaths paths;
  private LeftVms left;
  private PageServer server;
  private final MemoryLedger ledger = new MemoryLedger(10 * BYTES);
  private final UUID id = UUID.randomUUID();
  private final CountDownLatch reads = new CountDownLatch(1);
  private final CountDownLatch mayEnd = new CountDownLatch(1);

  @BeforeEach
  void leaveMemoryThatSomebodyReads() throws Exception {
    paths = new HostPaths(state);
    Files.createDirectories(paths.ramMount());
    try (MemoryFile ram = MemoryFile.create(paths.ram("a"), BYTES)) {
      ram.mapped().fill((byte) 1); // what is granted for what was left follows what is there
    }
    left = new LeftVms(paths, ledger, new HostedVms("h1", paths));
    server =
        PageServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            new PageServer.Services(
                this,
                request -> {
                  throw new IllegalStateException("nobody asks");
                }),
            PageServer.Options.of("h1"));
    left.servedBy(server);
    Thread.ofVirtual().start(this::connect);
    assertThat(reads.await(10, TimeUnit.SECONDS)).isTrue();
  }

  private void connect() {
    LinkTarget target =
        new LinkTarget(
            server.address(), id, 7, TrafficClass.FAULT, 0, "h2", Duration.ofSeconds(30));
    try (PageLink link = PageLink.open(target)) {
      throw new IllegalStateException("welcomed by " + link.hostName());
    } catch (PageLinkException e) {
      reads.countDown(); // its end is what the test is about
    }
  }

  /** As a thread that is in the middle of reading when its connection is told to end. */
  @Override
  public @Nullable PageHolder holder(UUID vm) {
    reads.countDown();
    try {
      mayEnd.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return null;
  }

  @Override
  public @Nullable BodySink bodySink(UUID vm, long epoch) {
    return null;
  }

  @AfterEach
  void close() {
    mayEnd.countDown();
    server.close();
  }

  private VmRecord record(Phase phase) {
    return new VmRecord("a", id, 4, BYTES, BYTES, phase, List.of(), "h2", 7, true, null);
  }

  @Test
  void whatAVmLeftStaysAndStaysGrantedUntilNobodyCanReadItAnyMore() throws Exception {
    left.stays(record(Phase.LEFT));

    assertThat(left.release(id, 7)).isTrue();

    assertThat(left.memory(id)).as("for those who come now").isNull();
    assertThat(paths.ram("a")).exists();
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
    mayEnd.countDown();
    await().untilAsserted(() -> assertThat(paths.ram("a")).doesNotExist());
    await().untilAsserted(() -> assertThat(ledger.grantedBytes()).isZero());
  }

  /** Its pager would punch holes that a reader fills with zeros. */
  @Test
  void aVmThatStaysGoesOnOnlyWhenNobodyReadsItsMemoryAnyMore() throws Exception {
    left.reopen(record(Phase.LEAVING), paths.ram("a"));
    CountDownLatch withdrawn = new CountDownLatch(1);
    Thread.ofVirtual()
        .start(
            () -> {
              left.withdraw(id);
              withdrawn.countDown();
            });

    assertThat(withdrawn.await(3, TimeUnit.SECONDS)).isFalse();
    assertThat(left.memory(id)).isNull();
    mayEnd.countDown();
    assertThat(withdrawn.await(10, TimeUnit.SECONDS)).isTrue();
  }
}
