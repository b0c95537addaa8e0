package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TcpSocketTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(64);
  private TcpListener listener;
  private TcpSocket client;
  private TcpSocket server;

  @BeforeEach
  void connect() {
    listener = TcpListener.bind(new InetSocketAddress("127.0.0.1", 0), 16);
    client = TcpSocket.connect(listener.address(), SECOND);
    server = listener.accept();
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
    listener.close();
    arena.close();
  }

  @Test
  void bytesArriveAsTheyWereSent() {
    buffer.set(ValueLayout.JAVA_LONG, 0, 0x1122334455667788L);
    client.writeFully(buffer, 0, 8);
    assertThat(server.read(buffer, 8, 56)).isEqualTo(8);
    assertThat(buffer.get(ValueLayout.JAVA_LONG, 8)).isEqualTo(0x1122334455667788L);
    assertThat(server.peer().getPort()).isNotZero();
    assertThat(client.peer()).isEqualTo(listener.address());
  }

  @Test
  void scatteredPiecesCrossInOrderWhenTheKernelTakesThemInParts() throws Exception {
    int pieces = 1000;
    int size = 16_384; // 16 MB in all: far more than the socket buffers hold
    MemorySegment sent = arena.allocate((long) pieces * size);
    MemorySegment got = arena.allocate((long) pieces * size);
    Random random = new Random(7);
    for (long at = 0; at < sent.byteSize(); at += 8) {
      sent.set(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  IoVector out = new IoVector(arena, pieces);
                  for (int piece = pieces - 1; piece >= 0; piece--) {
                    out.add(sent.address() + (long) piece * size, size);
                  }
                  client.writeFully(out);
                });
    IoVector in = new IoVector(arena, pieces);
    for (int piece = pieces - 1; piece >= 0; piece--) {
      in.add(got.address() + (long) piece * size, size);
    }
    server.readFully(in);
    writer.join();
    assertThat(sent.mismatch(got)).isEqualTo(-1);
  }

  @Test
  void aReadThatMayNotWaitReturnsZeroAndThenTheBytesAndThenTheEnd() throws Exception {
    assertThat(server.readNow(buffer, 0, 64)).isZero();
    client.writeFully(buffer, 0, 3);
    Poll poll = new Poll(1);
    poll.add(server.fd(), Poll.READABLE);
    assertThat(poll.await(5000)).isEqualTo(1);
    assertThat(server.readNow(buffer, 0, 64)).isEqualTo(3);
    client.shutdown();
    assertThat(poll.await(5000)).isEqualTo(1);
    assertThat(poll.readable(0)).isTrue();
    assertThat(server.readNow(buffer, 0, 64)).isEqualTo(-1);
    poll.close();
  }

  @Test
  void aSilentPeerIsATimeoutThatNamesIt() {
    client.readTimeout(Duration.ofMillis(30));
    assertThatThrownBy(() -> client.read(buffer, 0, 1))
        .isInstanceOf(TcpTimeoutException.class)
        .hasMessageContaining("127.0.0.1:" + listener.address().getPort())
        .hasMessageContaining("30 ms");
  }

  @Test
  void aPeerThatTakesNothingIsATimeoutOfTheWriter() {
    client.writeTimeout(Duration.ofMillis(30));
    MemorySegment much = arena.allocate(64 << 20);
    assertThatThrownBy(() -> client.writeFully(much, 0, 64 << 20))
        .isInstanceOf(TcpTimeoutException.class)
        .hasMessageContaining("write");
  }

  @Test
  void aPeerThatLeavesInTheMiddleIsNamed() {
    IoVector in = new IoVector(arena, 1);
    in.add(buffer.address(), 64);
    client.writeFully(buffer, 0, 10);
    client.close();
    assertThatThrownBy(() -> server.readFully(in))
        .isInstanceOf(TcpClosedException.class)
        .hasMessageContaining("54 bytes");
  }

  @Test
  void writingToAPeerThatLeftRaisesNoSignal() {
    server.close();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 1000; i++) {
                client.writeFully(buffer, 0, 64);
              }
            })
        .isInstanceOf(TcpClosedException.class);
  }

  @Test
  void shutdownWakesAThreadThatWaitsInARead() throws Exception {
    int[] result = new int[1];
    Thread reader = Thread.ofPlatform().start(() -> result[0] = server.read(buffer, 0, 1));
    while (reader.getState() != Thread.State.RUNNABLE) {
      Thread.onSpinWait();
    }
    Thread.sleep(20);
    server.shutdown();
    reader.join();
    assertThat(result[0]).isEqualTo(-1);
  }

  @Test
  void shutdownWakesTheAcceptingThread() throws Exception {
    TcpSocket[] accepted = {client};
    Thread acceptor = Thread.ofPlatform().start(() -> accepted[0] = listener.accept());
    Thread.sleep(20);
    listener.shutdown();
    acceptor.join();
    assertThat(accepted[0]).isNull();
  }

  @Test
  void aPortWithoutAListenerRefuses() {
    InetSocketAddress address = listener.address();
    listener.close();
    assertThatThrownBy(() -> TcpSocket.connect(address, SECOND))
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ECONNREFUSED))
        .hasMessageContaining("connect(127.0.0.1:" + address.getPort() + ")");
  }

  @Test
  void aFullBacklogIsATimeoutOfTheCaller() {
    try (TcpListener narrow = TcpListener.bind(new InetSocketAddress("127.0.0.1", 0), 0)) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 4; i++) { // never closed: they fill the queue of the listener
                  TcpSocket.connect(narrow.address(), Duration.ofMillis(100));
                }
              })
          .isInstanceOf(TcpTimeoutException.class)
          .hasMessageContaining("connect");
    }
  }

  @Test
  void aPortInUseIsRefusedByName() {
    assertThatThrownBy(() -> TcpListener.bind(listener.address(), 1))
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE))
        .hasMessageContaining("bind(127.0.0.1:");
  }

  @Test
  void ipv6WorksTheSame() throws Exception {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("::1"), 0);
    try (TcpListener six = TcpListener.bind(address, 1);
        TcpSocket caller = TcpSocket.connect(six.address(), SECOND);
        TcpSocket callee = six.accept()) {
      caller.writeFully(buffer, 0, 5);
      assertThat(callee.read(buffer, 0, 64)).isEqualTo(5);
      assertThat(caller.toString()).contains("[0:0:0:0:0:0:0:1]:");
    }
  }

  @Test
  void theOptionsAreSetInTheKernel() {
    client.noDelay();
    client.keepAlive(Duration.ofSeconds(9));
    int fd = client.fd();
    assertThat(SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_NODELAY)).isOne();
    assertThat(SocketCalls.option(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_KEEPALIVE)).isOne();
    assertThat(SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPIDLE))
        .isEqualTo(9);
    assertThat(SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPINTVL))
        .isEqualTo(3);
    assertThat(SocketCalls.option(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_KEEPCNT))
        .isEqualTo(3);
  }
}
