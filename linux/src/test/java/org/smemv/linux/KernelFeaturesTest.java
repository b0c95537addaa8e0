package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What an operator is told of a machine that cannot run an agent; the kernel's own answers. */
class KernelFeaturesTest {
  private static final long NO_SUCH_CALL = 4095;
  private static final long NO_SUCH_FEATURE = 1L << 62;

  @Test
  void thisMachineHasAllThatTheOtherTestsNeed() {
    assertThat(KernelFeatures.missing()).isEmpty();
  }

  @Test
  void aKernelWithoutUserfaultfdIsNamedWithTheOptionToBuildItWith() {
    assertThat(KernelFeatures.userFaults(NO_SUCH_CALL, UserFaultFd.REQUIRED_FEATURES))
        .singleElement()
        .asString()
        .contains("no userfaultfd", "ENOSYS", "CONFIG_USERFAULTFD");
  }

  @Test
  void aKernelWithoutAsynchronousWriteProtectionIsNamedWithTheVersionThatHasIt() {
    assertThat(
            KernelFeatures.userFaults(
                UserFaultFd.SYS_USERFAULTFD, UserFaultFd.REQUIRED_FEATURES | NO_SUCH_FEATURE))
        .singleElement()
        .asString()
        .contains("asynchronous write protection", "EINVAL", "Linux 6.7");
  }
}
