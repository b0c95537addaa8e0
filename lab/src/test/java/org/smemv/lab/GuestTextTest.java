package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GuestTextTest {
  @Test
  void theKernelCommandLineCarriesWhatTheGuestIsToRun() {
    assertThat(GuestOptions.idle().withMemcached(600).withStress(128L << 20).commandLine())
        .contains("console=ttyS0")
        .contains(" smemv.ip=10.77.1.10/16 ")
        .contains(" smemv.memcached=600 ")
        .endsWith(" smemv.stress=131072K");
  }

  @Test
  void anIdleGuestRunsNothing() {
    assertThat(GuestOptions.idle().commandLine())
        .doesNotContain("memcached")
        .doesNotContain("stress");
  }

  @Test
  void aComplaintOfTheMemoryCheckerIsTold() {
    assertThat(
            Guest.isComplaint(
                "stress-ng: fail:  [126] vm: detected 8 bit errors while stressing memory"))
        .isTrue();
    assertThat(Guest.isComplaint("stress-ng: info:  [103] dispatching hogs: 1 vm")).isFalse();
  }
}
