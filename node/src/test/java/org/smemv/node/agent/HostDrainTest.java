package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.node.api.DrainReport.Item;
import org.smemv.node.api.DrainReport.ItemState;
import org.smemv.node.api.DrainReport.Kind;
import org.smemv.node.api.DrainReport.State;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.MigrationMode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;

@Timeout(60)
class HostDrainTest {
  /** What is on the host. */
  private final List<DrainThing> here = new CopyOnWriteArrayList<>();

  /** Moves under way, which end when the test says so. */
  private final Map<String, Moving> moving = new ConcurrentHashMap<>();

  private final AtomicLong nanos = new AtomicLong(-5);
  private volatile SetDraining wanted = new SetDraining(true);
  private HostDrain drain;

  private static final class Moving {
    final SynchronousQueue<String> end = new SynchronousQueue<>();
    final DrainMove move;
    final SetDraining how;

    Moving(DrainMove move, SetDraining how) {
      this.move = move;
      this.how = how;
    }
  }

  @BeforeEach
  void begin() {
    drain = newDrain();
  }

  private HostDrain newDrain() {
    return new HostDrain("h1", () -> wanted, () -> here, this::move, nanos::get);
  }

  private void move(DrainThing thing, SetDraining how, DrainMove move)
      throws OperationException, InterruptedException {
    move.goesTo(List.of("h2"));
    Moving one = new Moving(move, how);
    moving.put(thing.name(), one);
    String end = one.end.take();
    moving.remove(thing.name());
    if (end.equals("busy")) {
      throw new OperationException(ErrorCode.BUSY, end);
    }
    if (!end.isEmpty()) {
      throw new OperationException(ErrorCode.FAILED, end);
    }
    here.remove(thing);
  }

  private static DrainThing vm(String name) {
    return vm(name, 4096);
  }

  private static DrainThing vm(String name, long bytes) {
    return new DrainThing(Kind.VM, name, name, "h1", bytes, null);
  }

  private Moving await(String name) {
    return Awaitility.await().until(() -> moving.get(name), java.util.Objects::nonNull);
  }

  /** Lets a move end; with a reason it has failed. */
  private void end(String name, String why) throws InterruptedException {
    int attempts = item(name).attempts();
    await(name).end.put(why);
    Awaitility.await()
        .until(() -> item(name), i -> i.attempts() == attempts && i.state() != ItemState.MOVING);
  }

  private Item item(String name) {
    return drain.report().items().stream()
        .filter(i -> i.vm().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void soManyAsAreAllowedMoveAtTheSameTime() throws InterruptedException {
    here.addAll(List.of(vm("a"), vm("b"), vm("c")));
    drain.step();
    drain.step();
    await("a");
    await("b");
    assertThat(item("c").state()).isEqualTo(ItemState.WAITING);
    assertThat(moving).doesNotContainKey("c");
    end("a", "");
    assertThat(item("a").state()).isEqualTo(ItemState.MOVED);
    assertThat(item("a").to()).containsExactly("h2");
    drain.step();
    await("c");
    end("b", "");
    end("c", "");
    assertThat(drain.report().state()).isEqualTo(State.EMPTY);
    assertThat(drain.report().left()).isEmpty();
  }

  @Test
  void allThatLeavesDividesTheLinkBySizeUnlessItLeavesOneByOne() throws InterruptedException {
    wanted = new SetDraining(true, 0, null, true);
    here.addAll(List.of(vm("a", 3 << 20), vm("b", 1 << 20), vm("c", 0)));
    drain.step();
    assertThat(await("a").move.linkPart()).isEqualTo(0.75);
    assertThat(await("b").move.linkPart()).isEqualTo(0.25);
    assertThat(await("c").move.linkPart()).isEqualTo(1.0 / 64);
    end("a", "no room");
    end("b", "");
    end("c", "");
    wanted = new SetDraining(true, 1, null, true);
    here.add(vm("d", 1 << 20));
    pass(DrainItem.SOON);
    drain.step();
    assertThat(await("a").move.linkPart()).isEqualTo(1);
    end("a", "");
  }

  @Test
  void whatFailsDoesNotHoldUpTheOthersAndIsTriedAgain() throws InterruptedException {
    wanted = new SetDraining(true, 1, MigrationMode.HYBRID, false);
    here.addAll(List.of(vm("a"), vm("b")));
    drain.step();
    assertThat(await("a").how.mode()).isEqualTo(MigrationMode.HYBRID);
    end("a", "no room");
    assertThat(item("a").state()).isEqualTo(ItemState.FAILED);
    assertThat(item("a").reason()).isEqualTo("no room");
    assertThat(item("a").retryMillis()).isEqualTo(DrainItem.SOON.toMillis());
    drain.step();
    end("b", "");
    drain.step();
    assertThat(moving).isEmpty();
    pass(DrainItem.SOON);
    drain.step();
    end("a", "");
    assertThat(drain.report().state()).isEqualTo(State.EMPTY);
    assertThat(item("a").attempts()).isEqualTo(2);
    assertThat(item("a").reason()).isNull();
  }

  @Test
  void whatFailsThreeTimesIsTriedAgainEveryHalfMinute() throws InterruptedException {
    here.add(vm("a"));
    for (int attempt = 0; attempt < 3; attempt++) {
      assertThat(drain.report().state()).isEqualTo(State.MOVING);
      drain.step();
      end("a", "no room");
      pass(DrainItem.SOON);
    }
    assertThat(drain.report().state()).isEqualTo(State.STUCK);
    drain.step();
    assertThat(moving).isEmpty();
    pass(DrainItem.AGAIN);
    drain.step();
    await("a");
    assertThat(drain.report().state()).isEqualTo(State.MOVING);
    end("a", "");
    assertThat(drain.report().state()).isEqualTo(State.EMPTY);
  }

  @Test
  void aVmInTheMiddleOfSomethingElseWaits() throws InterruptedException {
    here.add(vm("a"));
    for (int attempt = 0; attempt < 9; attempt++) {
      drain.step();
      end("a", "busy");
      assertThat(item("a").state()).isEqualTo(ItemState.WAITING);
      pass(DrainItem.SOON);
    }
    drain.step();
    end("a", "busy");
    assertThat(item("a").state()).isEqualTo(ItemState.FAILED);
    assertThat(drain.report().state()).isEqualTo(State.STUCK);
  }

  @Test
  void whatCanOnlyBeWaitedForIsLeftAloneUntilItStandsForLong() {
    here.add(new DrainThing(Kind.LEFT, "a", "a", "h2", 8192, "h2 fetches it"));
    drain.step();
    assertThat(item("a").state()).isEqualTo(ItemState.WAITING);
    pass(DrainItem.STANDS.minusSeconds(1));
    here.set(0, new DrainThing(Kind.LEFT, "a", "a", "h2", 4096, "h2 fetches it"));
    drain.step();
    pass(DrainItem.STANDS.minusSeconds(1));
    assertThat(drain.report().state()).isEqualTo(State.MOVING);
    pass(Duration.ofSeconds(1));
    assertThat(drain.report().state()).isEqualTo(State.STUCK);
    assertThat(item("a").reason()).isEqualTo("h2 fetches it");
    assertThat(moving).isEmpty();
  }

  @Test
  void whenTheDrainEndsWhatMovesIsCancelledAndNothingMoreBegins() throws InterruptedException {
    wanted = new SetDraining(true, 1, null, false);
    here.addAll(List.of(vm("a"), vm("b")));
    drain.step();
    Moving one = await("a");
    wanted = new SetDraining(false);
    drain.step();
    assertThat(one.move.isCancelled()).isTrue();
    assertThat(drain.report().state()).isEqualTo(State.OFF);
    assertThat(drain.report().items()).extracting(Item::vm).containsExactly("a");
    one.end.put("cancelled");
    Awaitility.await().until(() -> drain.report().items().isEmpty());
    drain.step();
    assertThat(moving).isEmpty();
    wanted = new SetDraining(true);
    drain.step();
    await("a");
    await("b");
    end("a", "");
    end("b", "");
  }

  @Test
  void theNextAgentGoesOnWithWhatIsStillHere() throws InterruptedException {
    here.addAll(List.of(vm("a"), vm("b")));
    drain.step();
    end("a", "");
    here.add(vm("c"));
    await("b");
    moving.clear(); // its thread ended with the agent
    drain = newDrain();
    drain.step();
    end("b", "");
    end("c", "");
    assertThat(drain.report().items()).extracting(Item::vm).containsExactlyInAnyOrder("b", "c");
    assertThat(drain.report().state()).isEqualTo(State.EMPTY);
  }

  @Test
  void aMoveThatDoesNotGoOnIsSaidToBeStuckWithItsReason() throws InterruptedException {
    here.add(vm("a"));
    drain.step();
    await("a").move.trouble("host h2 is away");
    pass(DrainItem.STANDS);
    assertThat(item("a").state()).isEqualTo(ItemState.MOVING);
    assertThat(item("a").reason()).isEqualTo("host h2 is away");
    assertThat(drain.report().state()).isEqualTo(State.STUCK);
    end("a", "");
    assertThat(drain.report().state()).isEqualTo(State.EMPTY);
  }

  @Test
  void aBrokenMoverIsAFailureWithItsReason() {
    assertFailure(
        () -> {
          throw new IllegalStateException("a bug");
        },
        "a bug");
  }

  /** Else it would be taken for done, or be under way for ever. */
  @Test
  void aMoverThatLacksMemoryIsAFailureToo() {
    assertFailure(
        () -> {
          throw new OutOfMemoryError("no more");
        },
        "no more");
  }

  private void assertFailure(Runnable moves, String why) {
    here.add(vm("a"));
    drain =
        new HostDrain(
            "h1",
            () -> wanted,
            () -> here,
            (thing, how, move) -> {
              moves.run();
            },
            nanos::get);
    drain.step();
    @Nullable String reason =
        Awaitility.await().until(() -> item("a"), i -> i.state() == ItemState.FAILED).reason();
    assertThat(reason).contains(why);
  }
}
