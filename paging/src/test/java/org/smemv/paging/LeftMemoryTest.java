package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** What is left of a VM where it was, without connections. */
@Timeout(60)
class LeftMemoryTest {
  private static final UUID VM = new UUID(6, 1);
  private static final long PAGES = 512;
  private static final long EPOCH = 7;

  private MemoryDirectory directory;
  private MemoryFile ram;
  private LeftMemory memory;
  private final PageBitmap left = new PageBitmap(PAGES);

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    ram = MemoryFile.create(directory.resolve("ram"), PAGES * 4096);
    memory = new LeftMemory(VM, ram, EPOCH);
  }

  @AfterEach
  void stop() throws Exception {
    memory.close();
    ram.close();
    directory.close();
  }

  /** Contents of a page, seed + 1; left here if that is said. */
  private void present(long first, long end, boolean isLeft) {
    for (long page = first; page < end; page++) {
      TestPages.fill(ram.mapped().address() + page * 4096, page + 1);
      if (isLeft) {
        assertThat(left.add(page)).isTrue();
      }
    }
  }

  private String look(long page) {
    return TestPages.look(memory, page, page + 1);
  }

  private long presentPages() {
    return ram.allocatedBytes() / 4096;
  }

  private static PageBatch batch(long epoch, long... pages) {
    PageBatch batch = new PageBatch();
    batch.epoch(epoch);
    for (long page : pages) {
      batch.add(page);
    }
    return batch;
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(FrameException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void whatIsLeftIsServedAndNothingElseIsTouched() {
    present(3, 9, true);
    present(20, 22, false);
    memory.serve(left);
    assertThat(memory.remaining()).isEqualTo(6);
    for (long page = 0; page < PAGES; page++) {
      assertThat(look(page)).isEqualTo(page >= 3 && page < 9 ? "right" : "absent");
    }
    assertThat(look(PAGES)).isEqualTo("absent");
    assertThat(look(PageFrame.PAGE_NUMBER_END)).isEqualTo("absent");
    assertThat(presentPages()).isEqualTo(8); // no hole was filled
    assertThat(memory.servedBytes()).isEqualTo(6 * 4096);
  }

  @Test
  void readersAreLetInWhileTheVmStillRunsAndFindNothing() {
    present(0, 4, true);
    memory.admitReader(EPOCH);
    assertThat(look(1)).isEqualTo("absent");
    assertRefused(ErrorCode.REFUSED, () -> memory.admit(EPOCH));
    memory.serve(left);
    assertThat(look(1)).isEqualTo("right");
    memory.admit(EPOCH);
    assertThatThrownBy(() -> memory.serve(left)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aSetOfAnotherSizeIsRefusedAndChangesNothing() {
    assertThatThrownBy(() -> memory.serve(new PageBitmap(PAGES + 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("512");
    memory.serve(left);
  }

  @Test
  void olderEpochsAreRefusedAndAReaderRaisesNone() {
    memory.serve(left);
    assertRefused(ErrorCode.STALE_EPOCH, () -> memory.admitReader(EPOCH - 1));
    memory.admitReader(EPOCH + 5);
    memory.admitReader(EPOCH);
    memory.admit(EPOCH + 2);
    assertRefused(ErrorCode.STALE_EPOCH, () -> memory.admitReader(EPOCH));
    assertRefused(ErrorCode.STALE_EPOCH, () -> memory.admit(EPOCH + 1));
    assertRefused(ErrorCode.STALE_EPOCH, () -> memory.drop(batch(EPOCH, 1)));
  }

  @Test
  void droppedPagesAreGoneAndTheirMemoryIsFree() {
    present(0, 100, true);
    memory.serve(left);
    memory.drop(batch(EPOCH, 5, 6, 7, 0, 50, 49, 6, 99, 200, PAGES + 3));
    assertThat(presentPages()).isEqualTo(93);
    assertThat(memory.remaining()).isEqualTo(93);
    for (long page : new long[] {5, 6, 7, 0, 50, 49, 99}) {
      assertThat(look(page)).isEqualTo("absent");
      assertThat(ram.nextData(page * 4096)).isNotEqualTo(page * 4096);
    }
    assertThat(look(8)).isEqualTo("right");
    assertThat(presentPages()).isEqualTo(93);
  }

  @Test
  void aPageThatIsBeingSentStaysAsItIsUntilItIsSentThoughItIsDropped() {
    present(0, 10, true);
    memory.serve(left);
    PageBatch first = batch(EPOCH, 4, 5, 4);
    PageBatch second = batch(EPOCH, 5);
    memory.find(first, 0);
    memory.find(second, 0);
    memory.drop(batch(EPOCH, 3, 4, 5, 6));

    assertThat(presentPages()).isEqualTo(8);
    assertThat(TestPages.matches(first.address(0), 5)).isTrue();
    assertThat(TestPages.matches(second.address(0), 6)).isTrue();
    assertThat(look(4)).isEqualTo("absent");
    assertThat(presentPages()).isEqualTo(8);
    memory.release(first);
    assertThat(presentPages()).isEqualTo(7);
    assertThat(TestPages.matches(second.address(0), 6)).isTrue();
    memory.release(second);
    assertThat(presentPages()).isEqualTo(6);
    memory.release(second); // lets go of nothing
    assertThat(look(7)).isEqualTo("right");
  }

  @Test
  void itListsWhatIsStillHere() {
    present(2, 6, true);
    present(300, 302, true);
    memory.serve(left);
    memory.drop(batch(EPOCH, 3));
    PageBatch found = new PageBatch();
    assertThat(memory.list(0, 3, found)).isEqualTo(300);
    assertThat(found.size()).isEqualTo(3);
    assertThat(found.page(1)).isEqualTo(4);
    assertThat(found.checksum(1)).isEqualTo(TestPages.checksum(5));
    assertThat(memory.list(300, 256, found)).isZero();
    assertThat(found.size()).isEqualTo(2);
    assertThat(memory.list(PAGES + 5, 256, found)).isZero();
    assertThat(found.size()).isZero();
  }

  @Test
  void nothingIsTakenNorPlaced() {
    memory.serve(left);
    assertRefused(ErrorCode.REFUSED, () -> TestPages.put(memory, EPOCH, 1, 5));
    assertRefused(ErrorCode.REFUSED, () -> memory.publish(batch(EPOCH, 1)));
    assertRefused(ErrorCode.REFUSED, () -> memory.place(batch(EPOCH, 1)));
    assertRefused(ErrorCode.REFUSED, () -> memory.look(batch(EPOCH, 1)));
    assertThat(presentPages()).isZero();
  }

  @Test
  void memoryOfPagesThatWentElsewhereIsFreedOnceTheVmCannotComeBack() {
    present(0, 3, false);
    present(3, 70, true);
    present(70, 71, false);
    present(200, 300, false);
    memory.serve(left);
    PageBatch sending = batch(EPOCH, 10);
    memory.find(sending, 0);
    memory.drop(batch(EPOCH, 10));
    memory.freeOthers();
    assertThat(presentPages()).isEqualTo(67);
    assertThat(TestPages.matches(sending.address(0), 11)).isTrue();
    memory.release(sending);
    assertThat(presentPages()).isEqualTo(66);
    for (long page = 3; page < 70; page++) {
      assertThat(look(page)).isEqualTo(page == 10 ? "absent" : "right");
    }
  }

  @Test
  void aRestartedAgentFindsAllThatIsPresent() {
    present(0, 5, true);
    present(511, 512, true);
    memory.serve(left);
    memory.drop(batch(EPOCH, 2));
    memory.close();
    assertRefused(ErrorCode.UNKNOWN_VM, () -> memory.admitReader(EPOCH));
    memory = LeftMemory.reopen(VM, ram, EPOCH);
    assertThat(memory.remaining()).isEqualTo(5);
    assertThat(look(2)).isEqualTo("zero"); // who got it asks no more: else the guest gave it up
    assertThat(look(511)).isEqualTo("right");
    memory.drop(batch(EPOCH, 511));
    assertThat(look(511)).isEqualTo("absent");
  }

  @Test
  void whereThereIsNothingAtAllARestartedAgentCallsNothingZeros() {
    memory = LeftMemory.reopen(VM, ram, EPOCH);
    assertThat(look(2)).isEqualTo("absent");
  }

  @Test
  void readersThatMeetDropsGetTheRightContentsOrNoneAndInTheEndNothingIsLeft() throws Exception {
    for (long seed = 1; seed <= 20; seed++) {
      present(0, PAGES, true);
      memory.close();
      memory = LeftMemory.reopen(VM, ram, EPOCH);
      var wrong = new ConcurrentLinkedQueue<String>();
      Thread[] readers = new Thread[3];
      for (int i = 0; i < readers.length; i++) {
        long own = seed * 10 + i;
        readers[i] = Thread.ofPlatform().start(() -> read(new SplittableRandom(own), wrong));
      }
      dropAll(new SplittableRandom(seed));
      for (Thread reader : readers) {
        reader.join();
      }
      assertThat(wrong).as("seed %d", seed).isEmpty();
      assertThat(presentPages()).as("seed %d", seed).isZero();
      for (long page = 0; page < PAGES; page++) {
        assertThat(left.remove(page)).isTrue();
      }
    }
  }

  /** Until nothing is left. */
  private void read(SplittableRandom random, ConcurrentLinkedQueue<String> wrong) {
    PageBatch batch = new PageBatch();
    do {
      batch.clear();
      for (int i = random.nextInt(8); i >= 0; i--) {
        batch.add(random.nextInt((int) PAGES));
      }
      memory.find(batch, 0);
      for (int i = 0; i < batch.size(); i++) {
        if (batch.hasContents(i) && !TestPages.matches(batch.address(i), batch.page(i) + 1)) {
          wrong.add("page " + batch.page(i));
        }
      }
      memory.release(batch);
    } while (memory.remaining() > 0);
  }

  private void dropAll(SplittableRandom random) {
    long from = random.nextInt((int) PAGES);
    for (long done = 0; done < PAGES; ) {
      PageBatch batch = batch(EPOCH);
      for (int i = random.nextInt(6); i >= 0; i--) {
        batch.add((from + done++) % PAGES);
      }
      memory.drop(batch);
    }
  }
}
