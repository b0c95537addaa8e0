package org.smemv.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.placement.MemoryLedger;

/** When a share may be freed; time is the test's. */
class ShareBookTest {
  private static final UUID VM = new UUID(5, 5);
  private static final long BYTES = 1 << 20;
  private static final Duration WHILE = Duration.ofSeconds(90);

  private record NoPages() implements ShareBook.Pages {
    @Override
    public long heldBytes() {
      return 0;
    }

    @Override
    public void grantBytes(long bytes) {
      // Nothing is held.
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  private final AtomicLong nanos = new AtomicLong();
  private final MemoryLedger ledger = new MemoryLedger(4 * BYTES);
  private final ShareBook<NoPages> book =
      new ShareBook<>(ledger, wanted -> new NoPages(), nanos::get);

  private void reserve() throws HostException {
    book.reserve(new Reservation(VM, "web", 2, Role.SUB, BYTES, 2 * BYTES, "h0", "h1"));
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void aReservationLapsesOnceNobodyWasConnectedAboutItForTheWhile() throws Exception {
    reserve();
    pass(WHILE);
    book.lapse(vm -> true, WHILE);
    pass(WHILE);
    book.lapse(vm -> false, WHILE);
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
    pass(Duration.ofNanos(1));
    book.lapse(vm -> false, WHILE);
    assertThat(ledger.grantedBytes()).isZero();
  }

  @Test
  void aKeptShareIsFreedOnlyWhenAllThatMayBeItsMainHostSayNo() throws Exception {
    reserve();
    book.keep(VM, 2);
    book.mayMove(VM, 3, "h2");
    pass(WHILE.plusSeconds(1));
    book.lapse(vm -> false, WHILE);
    List<ShareBook.Silent> silent = book.silent(vm -> false, WHILE);
    assertThat(silent).containsExactly(new ShareBook.Silent(VM, 2, List.of("h1", "h2")));
    List<String> asked = new ArrayList<>();
    assertThat(
            book.freeUnlessNeeded(
                silent.getFirst(),
                (host, vm) -> {
                  asked.add(host);
                  return host.equals("h2");
                }))
        .isFalse();
    assertThat(asked).containsExactly("h1", "h2");
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
    assertThat(book.freeUnlessNeeded(silent.getFirst(), (host, vm) -> false)).isTrue();
    assertThat(ledger.grantedBytes()).isZero();
  }

  @Test
  void aShareStaysWhileOneOfThemCannotBeAsked() throws Exception {
    reserve();
    book.keep(VM, 2);
    pass(WHILE.plusSeconds(1));
    ShareBook.Silent silent = book.silent(vm -> false, WHILE).getFirst();
    assertThatThrownBy(
            () ->
                book.freeUnlessNeeded(
                    silent,
                    (host, vm) -> {
                      throw new HostException(HostException.Kind.UNREACHABLE, "no answer");
                    }))
        .hasMessageContaining("no answer");
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
  }

  @Test
  void aLateResizeDoesNotUndoWhatANewerOneSaid() throws Exception {
    reserve();
    book.keep(VM, 2);
    book.resize(VM, 3, 2 * BYTES);
    book.resize(VM, 4, 3 * BYTES);
    assertThatThrownBy(() -> book.resize(VM, 3, 2 * BYTES))
        .hasMessageContaining("what was asked in epoch 3 comes too late");
    assertThatThrownBy(() -> book.undoResize(VM, 3, BYTES)).hasMessageContaining("too late");
    book.resize(VM, 4, 3 * BYTES); // the same once more
    assertThat(ledger.grantedBytes()).isEqualTo(3 * BYTES);
  }

  @Test
  void aChangeThatWasTakenBackDoesNotComeToPassLater() throws Exception {
    reserve();
    book.keep(VM, 2);
    book.undoResize(VM, 3, BYTES); // it overtook what it undoes
    assertThatThrownBy(() -> book.resize(VM, 3, 2 * BYTES)).hasMessageContaining("too late");
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
    book.resize(VM, 4, 2 * BYTES);
    assertThat(ledger.grantedBytes()).isEqualTo(2 * BYTES);
  }

  @Test
  void aMainHostOfBeforeDoesNotResizeTheShareOfTheNewOne() throws Exception {
    reserve();
    book.keep(VM, 2);
    book.mayMove(VM, 4, "h2");
    book.adopt(VM, 4, "h2");
    assertThatThrownBy(() -> book.resize(VM, 3, 2 * BYTES)).hasMessageContaining("at epoch 4");
    assertThat(ledger.grantedBytes()).isEqualTo(BYTES);
  }

  /** Both have the same place in the ledger: the end of one must not be that of the other. */
  @Test
  void aShareThatIsBeingFreedIsNotReservedAnewBeforeItsGrantHasEnded() throws Exception {
    Reservation next = new Reservation(VM, "web", 5, Role.SUB, 2 * BYTES, 2 * BYTES, "h0", "h1");
    List<String> refusals = new ArrayList<>();
    List<ShareBook<ShareBook.Pages>> books = new ArrayList<>();
    ShareBook<ShareBook.Pages> freeing =
        new ShareBook<>(
            ledger,
            wanted ->
                wanted.equals(next)
                    ? new NoPages()
                    : new ClosingPages(() -> refusals.add(refusal(books.getFirst(), next))),
            nanos::get);
    books.add(freeing);
    freeing.reserve(new Reservation(VM, "web", 2, Role.SUB, BYTES, 2 * BYTES, "h0", "h1"));

    assertThat(freeing.release(VM, 4)).isTrue();

    assertThat(refusals).singleElement().asString().contains("just freeing", "try again");
    assertThat(ledger.grantedBytes()).isZero();
    freeing.reserve(next);
    assertThat(ledger.grantedBytes()).isEqualTo(2 * BYTES);
  }

  private static String refusal(ShareBook<?> book, Reservation wanted) {
    return String.valueOf(catchThrowable(() -> book.reserve(wanted)));
  }

  /** Does something while it is being freed. */
  private record ClosingPages(Runnable meanwhile) implements ShareBook.Pages {
    @Override
    public long heldBytes() {
      return 0;
    }

    @Override
    public void grantBytes(long bytes) {
      // Nothing is held.
    }

    @Override
    public void close() {
      meanwhile.run();
    }
  }
}
