package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole chain on a real second process: take its page faults, its written marks, its pages. */
@Timeout(60)
class ForeignFaultsTest {
  private static final int PAGES = 64;
  private static final long SYS_GETPID = 39;

  private Path directory;
  private Path path;
  private MemoryFile file;
  private Neighbour neighbour;
  private long base;
  private UserFaultFd faults;

  @BeforeEach
  void attachToANeighbour() throws Exception {
    directory = Files.createTempDirectory("smemv-test");
    MemoryMount.ensure(directory);
    path = directory.resolve("ram");
    file = MemoryFile.create(path, PAGES * 4096L);
    neighbour = new Neighbour(path);
    base = ProcessMaps.whole(neighbour.pid(), path, file.bytes()).orElseThrow().start();
    long theirs =
        ForeignSystemCalls.inside(
            neighbour.pid(),
            calls -> calls.call(UserFaultFd.SYS_USERFAULTFD, UserFaultFd.OPEN_FLAGS));
    assertThat(theirs).isPositive();
    assertThat(ProcessMaps.descriptor(neighbour.pid(), (int) theirs))
        .contains("anon_inode:[userfaultfd]");
    try (PidFd pid = PidFd.open(neighbour.pid())) {
      faults = new UserFaultFd(pid.take((int) theirs));
    }
    faults.enable(UserFaultFd.REQUIRED_FEATURES);
    faults.register(base, file.bytes(), true, true);
  }

  @AfterEach
  void detach() throws Exception {
    neighbour.close();
    faults.close();
    file.close();
    MemoryMount.remove(directory);
    Files.delete(directory);
  }

  private long awaitFault() {
    while (true) {
      if (faults.read() > 0) {
        return faults.faultAddress(0);
      }
      Thread.onSpinWait();
    }
  }

  private static CompletableFuture<Long> async(java.util.concurrent.Callable<Long> call) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return call.call();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void aMissingPageOfAnotherProcessIsDeliveredAndFilledFromHere() throws Exception {
    CompletableFuture<Long> answer = async(() -> neighbour.read(5));
    assertThat(awaitFault() & -4096L).isEqualTo(base + 5 * 4096);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(4096, 4096);
      page.set(ValueLayout.JAVA_LONG, 0, 4711L);
      var scratch = new UserFaultFd.Scratch();
      assertThat(faults.copy(scratch, base + 5 * 4096, page.address(), 4096, true))
          .isEqualTo(UserFaultFd.Outcome.INSTALLED);
      assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(4711L);
      assertThat(faults.copy(scratch, base + 5 * 4096, page.address(), 4096, true))
          .isEqualTo(UserFaultFd.Outcome.PRESENT);
    }
  }

  @Test
  void onlyPagesWrittenSinceTheLastScanAreReported() throws Exception {
    fillWithZeros();
    try (Pagemap pagemap = Pagemap.of(neighbour.pid())) {
      pagemap.arm(base, base + file.bytes());
      neighbour.read(1);
      neighbour.write(2, 22);
      neighbour.write(3, 33);
      neighbour.write(9, 99);
      assertThat(written(pagemap)).containsExactly(2L, 3L, 9L);
      neighbour.write(3, 34);
      assertThat(written(pagemap)).containsExactly(3L);
      assertThat(written(pagemap)).isEmpty();
    }
  }

  @Test
  void aScanInSlicesWithRoomForFewRunsMissesNothing() throws Exception {
    fillWithZeros();
    try (Pagemap pagemap = Pagemap.of(neighbour.pid(), 7 * 4096, 2)) {
      pagemap.arm(base, base + file.bytes());
      List<Long> pages = List.of(0L, 2L, 4L, 5L, 6L, 7L, 8L, 20L, 21L, 27L, 28L, 63L);
      for (long page : pages) {
        neighbour.write(page, 1);
      }
      List<Long> peeked = new ArrayList<>();
      pagemap.peekWritten(base, base + file.bytes(), (start, end) -> addPages(peeked, start, end));
      assertThat(peeked).containsExactlyElementsOf(pages);
      assertThat(written(pagemap)).containsExactlyElementsOf(pages);
      assertThat(written(pagemap)).isEmpty();
    }
  }

  @Test
  void aPageInstalledArmedIsCleanUntilItIsWritten() throws Exception {
    try (Arena arena = Arena.ofConfined();
        Pagemap pagemap = Pagemap.of(neighbour.pid())) {
      MemorySegment page = arena.allocate(4096, 4096);
      var scratch = new UserFaultFd.Scratch();
      pagemap.arm(base, base + file.bytes());
      faults.copy(scratch, base, page.address(), 4096, true);
      faults.copy(scratch, base + 4096, page.address(), 4096, true);
      neighbour.read(0);
      neighbour.write(1, 1);
      assertThat(written(pagemap)).containsExactly(1L);
    }
  }

  @Test
  void aPunchedPageFaultsAgainWhileThePipeKeepsItsContents() throws Exception {
    fillWithZeros();
    neighbour.write(7, 77);
    int[] fds = ForeignSystemCalls.inside(neighbour.pid(), Pipe::openInside);
    try (PidFd pid = PidFd.open(neighbour.pid());
        Pipe pipe = Pipe.takeFrom(pid, fds[0], fds[1]);
        Arena arena = Arena.ofConfined()) {
      assertThat(file.spliceInto(pipe, 7 * 4096, 4096)).isEqualTo(4096);
      file.punchHole(7 * 4096, 4096);
      assertThat(pipe.waiting()).isEqualTo(4096);
      assertThat(file.nextHole(0)).isEqualTo(7 * 4096);
      assertThat(file.nextData(7 * 4096)).isEqualTo(8 * 4096);
      MemorySegment page = arena.allocate(4096, 4096);
      pipe.read(page.address(), 4096);
      assertThat(page.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(77);
      CompletableFuture<Long> answer = async(() -> neighbour.read(7));
      assertThat(awaitFault() & -4096L).isEqualTo(base + 7 * 4096);
      faults.copy(new UserFaultFd.Scratch(), base + 7 * 4096, page.address(), 4096, false);
      assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(77);
    }
  }

  @Test
  void threadsThatEndBeforeTheyAreHeldArePassedOver() {
    int gone = 4_000_000;
    int pid = (int) neighbour.pid();
    List<Integer> theirs = ForeignSystemCalls.threadsToTry(pid);
    List<List<Integer>> lists = new ArrayList<>();
    lists.add(List.of(gone, gone + 1));
    lists.add(List.of(gone, theirs.getFirst()));

    long result =
        ForeignSystemCalls.insideAnyThread(
            pid, ignored -> lists.removeFirst(), calls -> calls.call(SYS_GETPID));

    assertThat(result).isEqualTo(pid);
    assertThat(lists).isEmpty();
  }

  @Test
  void aProcessWhoseThreadsAllEndedIsReportedAsGone() {
    assertThatThrownBy(
            () ->
                ForeignSystemCalls.insideAnyThread(
                    4_000_000, List::of, calls -> calls.call(SYS_GETPID)))
        .isInstanceOf(SystemCallException.class)
        .hasMessageContaining("4000000")
        .hasMessageContaining("ESRCH");
  }

  @Test
  void aProcessThatIsGoneIsNamedInTheError() throws Exception {
    neighbour.close();
    assertThatThrownBy(() -> PidFd.open(4_000_000))
        .isInstanceOf(SystemCallException.class)
        .hasMessageContaining("pidfd_open(4000000)")
        .hasMessageContaining("ESRCH");
  }

  private void fillWithZeros() {
    assertThat(faults.zero(new UserFaultFd.Scratch(), base, file.bytes()))
        .isEqualTo(UserFaultFd.Outcome.INSTALLED);
  }

  private List<Long> written(Pagemap pagemap) {
    List<Long> pages = new ArrayList<>();
    pagemap.takeWritten(base, base + file.bytes(), (start, end) -> addPages(pages, start, end));
    return pages;
  }

  private void addPages(List<Long> pages, long start, long end) {
    for (long at = start; at < end; at += 4096) {
      pages.add((at - base) / 4096);
    }
  }
}
