package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.smemv.node.api.VmReport;

/**
 * A VM of a test with memcached under a client's load, and stress-ng that checks its memory. Every
 * test ends with {@link #assertNothingIsWrong()}.
 */
final class TestVm implements AutoCloseable {
  private static final Duration GOES_ON = Duration.ofSeconds(60);

  private final String name;
  private final Guest guest;
  private final RunningLoad load;

  TestVm(String name, Guest guest, RunningLoad load) {
    this.name = name;
    this.guest = guest;
    this.load = load;
  }

  String name() {
    return name;
  }

  Guest guest() {
    return guest;
  }

  /** Waits until the client has got answers and the checker has worked, both after this call. */
  void awaitProgress() {
    int before = load.ticksWithAnswers();
    awaitProgress(() -> load.ticksWithAnswers() >= before + 2);
  }

  private void awaitProgress(BooleanSupplier answered) {
    long ticks = guest.stressTicks();
    Awaitility.await(name + " goes on")
        .atMost(GOES_ON)
        .until(() -> answered.getAsBoolean() && guest.stressTicks() > ticks);
  }

  /** Lets the load go on for a second; it has seen nothing but right answers, like the checker. */
  void assertNothingIsWrongSoFar() {
    int before = load.ticksWithAnswers();
    awaitProgress(() -> load.ticksWithAnswers() >= before + 10);
    assertThat(load.errors()).as("errors of the load, which tells them when it ends").isZero();
    assertThat(guest.stressErrors()).isEmpty();
  }

  /** The same, and ends the load. */
  void assertNothingIsWrong() {
    assertNothingIsWrongSoFar();
    LoadSummary summary = load.stop();
    assertThat(summary.errors()).as(summary.descriptions().toString()).isZero();
    assertThat(summary.evictions()).isZero();
    assertThat(summary.gets()).isPositive();
  }

  /** The parts of the memory are within their limits and make up the whole. */
  static void assertAddsUp(VmReport vm) {
    long subs = vm.subs().stream().mapToLong(VmReport.Sub::bytes).sum();
    assertThat(vm.residentBytes()).isLessThanOrEqualTo(vm.mainMemoryBytes());
    assertThat(vm.residentBytes() + subs + vm.zeroBytes()).isEqualTo(vm.memoryBytes());
  }

  @Override
  public void close() {
    load.close();
  }
}
