package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PollTest {
  @Test
  void onlyTheDescriptorThatIsReadyIsReported() {
    try (Arena arena = Arena.ofConfined();
        Poll poll = new Poll(2);
        TcpListener listener = TcpListener.bind(new InetSocketAddress("127.0.0.1", 0), 4);
        TcpSocket one = TcpSocket.connect(listener.address(), Duration.ofSeconds(1));
        TcpSocket peerOfOne = listener.accept();
        TcpSocket two = TcpSocket.connect(listener.address(), Duration.ofSeconds(1));
        TcpSocket peerOfTwo = listener.accept()) {
      int first = poll.add(one.fd(), Poll.READABLE);
      int second = poll.add(two.fd(), Poll.READABLE | Poll.WRITABLE);
      assertThat(poll.await(0)).isEqualTo(1);
      assertThat(poll.writable(second)).isTrue();
      assertThat(poll.readable(second)).isFalse();

      poll.replace(second, -1, Poll.READABLE);
      assertThat(poll.await(0)).isZero();

      peerOfOne.writeFully(arena.allocate(1), 0, 1);
      assertThat(poll.await(5000)).isEqualTo(1);
      assertThat(poll.readable(first)).isTrue();
      assertThat(poll.failed(first)).isFalse();

      peerOfTwo.shutdown();
      poll.replace(second, 1_000_000, Poll.READABLE); // no such descriptor: POLLNVAL
      assertThat(poll.await(0)).isEqualTo(2);
      assertThat(poll.failed(second)).isTrue();
    }
  }

  @Test
  void aFullSetIsRefused() {
    try (Poll poll = new Poll(1)) {
      poll.add(0, Poll.READABLE);
      assertThatThrownBy(() -> poll.add(1, Poll.READABLE))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
