package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A call that failed names itself and its arguments as a person would write them. */
class ErrorTextTest {
  private static final long ADDRESS = 0x7f0000000000L;
  private UserFaultFd faults;

  @BeforeEach
  void open() {
    long fd = Libc.syscall(UserFaultFd.SYS_USERFAULTFD, UserFaultFd.OPEN_FLAGS, 0, 0, 0, 0, 0);
    faults = new UserFaultFd(Math.toIntExact(fd));
  }

  @AfterEach
  void close() {
    faults.close();
  }

  private void expect(Runnable call, String... parts) {
    assertThatThrownBy(call::run).isInstanceOf(SystemCallException.class).message().contains(parts);
  }

  @Test
  void aRequestToAUserFaultDescriptorIsNamedWithItsRange() {
    String fd = "ioctl(userfaultfd " + faults.fd();
    expect(
        () -> faults.register(ADDRESS + 1, 8192, true, true),
        fd,
        "UFFDIO_REGISTER, 8192 bytes at 0x7f0000000001, mode MISSING WP) failed: EINVAL");
    expect(
        () -> faults.unregister(ADDRESS + 1, 4096),
        fd,
        "UFFDIO_UNREGISTER, 4096 bytes at 0x7f0000000001) failed: EINVAL");
    expect(() -> faults.enable(1L << 60), fd, "UFFDIO_API, features 0x1000000000000000) failed");
  }

  @Test
  void anInstallThatFailsIsNamedWithBothAddresses() {
    faults.enable(UserFaultFd.REQUIRED_FEATURES);
    var scratch = new UserFaultFd.Scratch();
    expect(
        () -> faults.copy(scratch, ADDRESS + 8, 0x2000, 4096, true),
        "UFFDIO_COPY, 4096 bytes at 0x7f0000000008 from 0x2000, mode WP) failed: EINVAL");
    expect(
        () -> faults.zero(scratch, ADDRESS + 8, 8192),
        "UFFDIO_ZEROPAGE, 8192 bytes at 0x7f0000000008) failed: EINVAL");
    expect(
        () -> faults.wake(scratch, ADDRESS + 8, 4096),
        "UFFDIO_WAKE, 4096 bytes at 0x7f0000000008) failed: EINVAL");
  }

  @Test
  void aSocketOptionIsNamedWithItsValue() {
    expect(
        () -> SocketCalls.option(-1, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPIDLE, 7),
        "setsockopt(-1, IPPROTO_TCP, TCP_KEEPIDLE, 7) failed: EBADF");
    expect(
        () -> SocketCalls.timeoutOption(-1, SocketCalls.SO_RCVTIMEO, 1250),
        "setsockopt(-1, SOL_SOCKET, SO_RCVTIMEO, 1.250000 s) failed: EBADF");
    expect(
        () -> SocketCalls.option(-1, SocketCalls.SOL_SOCKET, SocketCalls.SO_ERROR),
        "getsockopt(-1, SOL_SOCKET, SO_ERROR) failed: EBADF");
    expect(
        () -> SocketCalls.nonBlocking(-1, true), "fcntl(-1, F_SETFL, O_NONBLOCK on) failed: EBADF");
  }

  @Test
  void aPipeThatCannotHoldSoMuchIsNamedWithTheSize() {
    try (Pipe pipe = Pipe.create()) {
      expect(
          () -> pipe.resize(-1), "fcntl(pipe " + pipe.writeFd() + ", F_SETPIPE_SZ, -1 bytes) fail");
    }
  }
}
