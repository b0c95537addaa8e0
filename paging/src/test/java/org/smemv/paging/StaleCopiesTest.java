package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which copies sub-hosts are told to forget, and when. */
class StaleCopiesTest {
  private static final long PAGES = 2 * StaleCopies.SLICE + 1000;

  @TempDir Path directory;
  private PageTable table;
  private final DropQueue queue = new DropQueue();
  private final Targets targets = new Targets();
  private StaleCopies copies;

  @BeforeEach
  void make() {
    table = PageTable.create(directory.resolve("table"), new UUID(4, 7), PAGES);
    copies = new StaleCopies(table, queue, targets, new EvictionCounters());
  }

  @AfterEach
  void close() throws Exception {
    table.close();
    Files.delete(directory.resolve("table"));
  }

  /** Sub-hosts that note what they were told to drop, or cannot be reached. */
  private static final class Targets implements SwapTargets {
    final List<Long> dropped = new ArrayList<>();
    int exchanges;
    boolean away;

    @Override
    public void drop(int host, PageBatch pages) {
      if (away) {
        throw new IllegalStateException("away");
      }
      exchanges++;
      for (int i = 0; i < pages.size(); i++) {
        dropped.add(pages.page(i));
      }
    }

    @Override
    public int choose(int pages) {
      return 0;
    }

    @Override
    public void put(int host, PageBatch pages) {}

    @Override
    public void dropped(int host, int pages) {}

    @Override
    public boolean hasForgotten(int host) {
      return false;
    }
  }

  private void mark(long page) {
    table.set(page, PageEntry.residentWithCopy((int) page & 1, 7, 0));
  }

  private boolean isMarked(long page) {
    return PageEntry.has(table.get(page), PageEntry.COPY);
  }

  @Test
  void aBatchThatWasRefusedCostsOneDropOfItsOwnPages() {
    long[] batch = {2, 4, 6};
    mark(2);
    mark(4);
    mark(800);
    copies.addAll(batch, 3);
    assertThat(copies.dropSome()).isFalse();

    assertThat(targets.dropped).containsExactly(2L, 4L);
    assertThat(targets.exchanges).isEqualTo(1);
    assertThat(isMarked(800)).isTrue();
  }

  @Test
  void aMarkStaysUntilTheSubHostHasConfirmed() {
    mark(2);
    targets.away = true;
    copies.addAll(new long[] {2}, 1);
    assertThat(isMarked(2)).isTrue();

    targets.away = false;
    copies.lookEverywhere();
    copies.dropSome();
    assertThat(isMarked(2)).isFalse();
  }

  @Test
  void theWholeTableIsLookedAtInSlices() {
    List<Long> marked = List.of(0L, (long) StaleCopies.SLICE + 2, PAGES - 2);
    marked.forEach(this::mark);
    copies.lookEverywhere();

    assertThat(copies.dropSome()).isTrue();
    assertThat(targets.dropped).containsExactly(0L);
    assertThat(copies.dropSome()).isTrue();
    assertThat(copies.dropSome()).isFalse();
    assertThat(targets.dropped).containsExactlyElementsOf(marked);
  }

  @Test
  void aMarkBehindTheHandIsMetWhenTheTableIsToBeLookedAtAnew() {
    copies.lookEverywhere();
    assertThat(copies.dropSome()).isTrue();
    mark(0);
    copies.lookEverywhere();
    finish();

    assertThat(targets.dropped).containsExactly(0L);
  }

  @Test
  void manyStaleCopiesAreDroppedAFewBatchesAtATime() {
    for (long page = 0; page < StaleCopies.SLICE; page += 2) {
      mark(page);
    }
    copies.lookEverywhere();
    boolean more = true;
    while (more) {
      int before = targets.exchanges;
      more = copies.dropSome();
      assertThat(targets.exchanges - before).isLessThanOrEqualTo(10);
    }

    assertThat(targets.dropped).hasSize(StaleCopies.SLICE / 2);
  }

  @Test
  void copiesWhoseNumbersDidNotFitIntoTheQueueAreFoundInTheTable() {
    for (long page = 0; page < PAGES; page++) {
      table.set(page, PageEntry.residentWithCopy(0, 7, 0));
      queue.offer(page);
    }
    finish();

    // A page that is both in the queue and met in the table may be told twice in one batch.
    assertThat(new HashSet<>(targets.dropped)).hasSize((int) PAGES);
    assertThat(LongStream.range(0, PAGES).filter(this::isMarked)).isEmpty();
  }

  private void finish() {
    boolean more = true;
    while (more) {
      more = copies.dropSome();
    }
  }
}
