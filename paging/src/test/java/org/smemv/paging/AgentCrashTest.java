package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/**
 * The main host's agent is killed at random instants while a process writes and verifies its memory
 * under heavy remote paging. {@code -Dsmemv.evictions=1000000} makes it a long run; {@code
 * -Dsmemv.seed=N} repeats its choices.
 */
@Timeout(3600)
class AgentCrashTest {
  private static final UUID VM = new UUID(9, 9);
  private static final long PAGES = 8192;
  private static final long EVICTIONS = Long.getLong("smemv.evictions", 50_000);
  private static final long SEED = Long.getLong("smemv.seed", 1);

  private MemoryDirectory directory;
  private Path ram;
  private Path tablePath;
  private VerifyingGuest guest;
  private StoreServer first;
  private StoreServer second;

  @BeforeEach
  void startAGuest() throws Exception {
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    tablePath = directory.resolve("table");
    MemoryFile.create(ram, PAGES * 4096).close();
    try (PageTable table = PageTable.create(tablePath, VM, PAGES)) {
      table.limitPages(PAGES / 4);
    }
    guest = new VerifyingGuest(ram, 2, SEED);
    first = new StoreServer(VM, PAGES);
    second = new StoreServer(VM, PAGES);
  }

  @AfterEach
  void tearDown() throws Exception {
    guest.close();
    first.close();
    second.close();
    directory.close();
  }

  private PagerProcess startPager(long epoch) throws Exception {
    return new PagerProcess(
        guest.pid(), ram, tablePath, epoch, List.of(first.address(), second.address()));
  }

  @Test
  void noByteIsWrongHoweverOftenTheAgentIsKilled() throws Exception {
    var random = new SplittableRandom(SEED);
    long evictions = 0;
    long lateWrites = 0;
    int kills = 0;
    PagerProcess pager = startPager(1);
    guest.begin();
    while (evictions < EVICTIONS) {
      Thread.sleep(Duration.ofMillis(random.nextInt(300, 3000)));
      assertThat(pager.isAlive()).isTrue();
      long[] counts = pager.counts();
      evictions += counts[0];
      lateWrites += counts[1];
      pager.kill();
      kills++;
      pager = startPager(1 + kills);
    }
    String end = guest.finish();
    pager.close();
    System.out.printf(
        "%s after %d evictions, %d late writes, %d kills (seed %d)%n",
        end, evictions, lateWrites, kills, SEED);
    assertThat(end).endsWith("wrong 0");
  }
}
