package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.Pagemap;

/** What a real process writes is found, however many threads look. */
@Timeout(60)
class DirtyTrackerTest {
  private static final UUID VM = new UUID(2, 8);
  private static final int PAGES = 203;

  @TempDir Path files;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 64, PAGES})
  void severalThreadsFindWhatOneFinds(int threads) throws Exception {
    try (MemoryDirectory directory = new MemoryDirectory();
        MemoryFile ram = MemoryFile.create(directory.resolve("ram"), PAGES * 4096L);
        PageTable table = PageTable.create(files.resolve("table"), VM, PAGES)) {
      ram.mapped().fill((byte) 1); // so that no page is missing
      Path path = directory.resolve("ram");
      try (ReadingGuest guest = new ReadingGuest(path);
          GuestAttachment attachment = GuestAttachment.attach(guest.pid(), path, table);
          DirtyTracker tracker = new DirtyTracker(attachment, threads)) {
        tracker.arm();
        checkRounds(guest, tracker, new SplittableRandom(threads));
      }
    }
  }

  private static void checkRounds(ReadingGuest guest, DirtyTracker tracker, SplittableRandom random)
      throws Exception {
    for (int round = 0; round < 6; round++) {
      BitSet wrote = new BitSet();
      for (int i = random.nextInt(60); i > 0; i--) {
        int page = random.nextInt(PAGES);
        wrote.set(page);
        guest.write(page);
      }
      BitSet found = new BitSet();
      long count = round % 3 == 2 ? tracker.takeInto(found) : tracker.takeFastInto(found);
      assertThat(found).as("round %d", round).isEqualTo(wrote);
      assertThat(count).isEqualTo(wrote.cardinality());
    }
  }

  @Test
  void onePartThatCannotBeOpenedClosesTheOthers() throws Exception {
    long own = ProcessHandle.current().pid();
    long open = openPagemaps();
    AtomicInteger calls = new AtomicInteger();
    try (MemoryFile ram = MemoryFile.create(files.resolve("ram"), PAGES * 4096L)) {
      assertThatThrownBy(
              () -> new DirtyTracker(new GuestMemory(ram, 0), () -> third(calls, own), 7))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("too many");
    }
    assertThat(openPagemaps()).isEqualTo(open);
  }

  private static Pagemap third(AtomicInteger calls, long pid) {
    if (calls.incrementAndGet() == 3) {
      throw new IllegalStateException("too many");
    }
    return Pagemap.of(pid);
  }

  private static long openPagemaps() throws Exception {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(DirtyTrackerTest::isPagemap).count();
    }
  }

  private static boolean isPagemap(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).endsWith("pagemap");
    } catch (IOException e) { // closed meanwhile
      return false;
    }
  }
}
