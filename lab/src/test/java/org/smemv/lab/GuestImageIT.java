package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Real guests in stock QEMU, in a lab without agents. */
class GuestImageIT {
  private static final Duration BOOT_TIMEOUT = Duration.ofSeconds(60);
  private static final StockVm VM =
      StockVm.of("guest", 256L << 20, GuestOptions.idle().withMemcached(32).withStress(32L << 20));

  private static Lab lab;
  private static GuestImage image;

  @BeforeAll
  static void start() {
    image = GuestImage.get();
    lab = Lab.up(LabPlan.of(2, List.of("512M"), "1gbit", 1500), new SleepingAgent());
  }

  @AfterAll
  static void remove() {
    Lab.down();
  }

  @Test
  void aGuestBootsAndDoesWhatItIsToldFromTheClientsSide() {
    try (StockQemu _ = StockQemu.boot(lab.host("h1"), VM, image)) {
      Guest guest = lab.client().guest();
      guest.awaitReady(BOOT_TIMEOUT);

      assertThat(guest.run("uname -s; echo 'zwölf %s'")).isEqualTo("Linux\nzwölf %s");
      assertThatThrownBy(() -> guest.run("echo oh; false"))
          .hasMessageContaining("status 1")
          .hasMessageContaining("oh");
      assertThat(guest.run("pidof memcached")).isNotBlank();
      assertThat(guest.stressErrors()).isEmpty();
      long ticks = guest.stressTicks();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(guest.stressTicks()).isGreaterThan(ticks));
    }
  }

  @Test
  void theMemoryCheckersComplaintsAndItsEndAreErrors() {
    try (StockQemu vm = StockQemu.boot(lab.host("h1"), VM, image)) {
      Guest guest = lab.client().guest();
      guest.awaitReady(BOOT_TIMEOUT);
      guest.run("echo 'stress-ng: fail: [1] vm: detected 8 bit errors' >>/var/log/stress.log");
      assertThat(guest.stressErrors()).anyMatch(line -> line.contains("8 bit errors"));

      guest.run("kill $(pidof stress-ng)");
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> {
                assertThat(guest.stressErrors())
                    .anyMatch(line -> line.contains("stress-ng ended with status"));
                assertThat(vm.console()).contains("smemv-guest: stress-ng ended");
              });
    }
  }

  @Test
  void aClientLoadsTheGuestsMemcachedAndChecksEveryValue() {
    StockVm cache = StockVm.of("cache", 256L << 20, GuestOptions.idle().withMemcached(64));
    try (StockQemu _ = StockQemu.boot(lab.host("h1"), cache, image)) {
      Guest guest = lab.client().guest();
      guest.awaitReady(BOOT_TIMEOUT);
      try (RunningLoad load = lab.client().startLoad(LoadPlan.of(guest.address(), 16L << 20))) {
        load.awaitFilled(Duration.ofSeconds(60));
        Awaitility.await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> load.requestsLastSecond() > 0);

        LoadSummary summary = load.stop();

        assertThat(summary.errors()).as(summary.descriptions().toString()).isZero();
        assertThat(summary.evictions()).isZero();
        assertThat(summary.sets()).isPositive();
        assertThat(summary.gets()).isPositive();
      }
    }
  }

  @Test
  void aStockMigrationKeepsTheGuestsAddress() {
    StockVm idle = StockVm.of("mover", 256L << 20, GuestOptions.idle());
    try (StockQemu source = StockQemu.boot(lab.host("h1"), idle, image)) {
      Guest guest = lab.client().guest();
      guest.awaitReady(BOOT_TIMEOUT);
      guest.run("echo here >/tmp/mark");

      StockMigration.Outcome outcome =
          StockMigration.migrate(source, idle, image, lab.host("h2"), Duration.ofSeconds(60));

      try (StockQemu destination = outcome.destination()) {
        source.close();
        guest.awaitReady(Duration.ofSeconds(20));
        assertThat(guest.run("cat /tmp/mark")).isEqualTo("here");
        assertThat(outcome.result().transferredBytes()).isGreaterThan(16L << 20);
        assertThat(outcome.result().totalMillis()).isPositive();
        assertThat(destination.status()).isEqualTo("running");
      }
    }
  }
}
