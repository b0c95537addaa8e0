package org.smemv.paging;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A page server on loopback with stores of its own, for tests. */
final class ServerFixture implements AutoCloseable, HolderDirectory, ControlHandler {
  static final UUID VM = new UUID(0x1111, 0x2222);
  static final Duration TIMEOUT = Duration.ofSeconds(5);

  final SlabPool pool = new SlabPool(8192, 64);
  final Map<UUID, PageHolder> holders = new ConcurrentHashMap<>();
  final StringBuffer body = new StringBuffer();
  final CountDownLatch bodyOver = new CountDownLatch(1);
  final PageServer server;

  ServerFixture() {
    this(64, TIMEOUT);
  }

  ServerFixture(int connectionsMax, Duration timeout) {
    holders.put(VM, new PageStore(VM, pool, 1 << 20, 4096, 1));
    server =
        PageServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            new PageServer.Services(this, this),
            new PageServer.Options(
                "h2", connectionsMax, timeout, Duration.ofSeconds(15), Duration.ofNanos(30_000)));
  }

  PageStore store() {
    return (PageStore) holders.get(VM);
  }

  LinkTarget target(TrafficClass traffic, long epoch, int lane) {
    return new LinkTarget(server.address(), VM, epoch, traffic, lane, "h1", TIMEOUT);
  }

  PageLink link(TrafficClass traffic) {
    return PageLink.open(target(traffic, 1, 0));
  }

  @Override
  public @Nullable PageHolder holder(UUID vm) {
    return holders.get(vm);
  }

  @Override
  public @Nullable BodySink bodySink(UUID vm, long epoch) {
    if (!vm.equals(VM)) {
      return null;
    }
    store().admit(epoch);
    return new TextSink();
  }

  /** Answers in upper case; refuses the word "no", and breaks at the word "bug". */
  @Override
  public byte[] handle(byte[] request) {
    String text = new String(request, StandardCharsets.UTF_8);
    return switch (text) {
      case "no" -> throw new FrameException(ErrorCode.REFUSED, "no means no");
      case "bug" -> throw new IllegalStateException("a bug");
      case "big" -> new byte[PageFrame.BODY_BYTES_MAX + 1];
      default -> text.toUpperCase(java.util.Locale.ROOT).getBytes(StandardCharsets.UTF_8);
    };
  }

  private final class TextSink implements BodySink {
    @Override
    public void begin() {}

    @Override
    public void accept(ByteBuffer bytes) {
      body.append(StandardCharsets.UTF_8.decode(bytes));
    }

    @Override
    public void end() {
      body.append(".");
      bodyOver.countDown();
    }

    @Override
    public void abort() {
      body.append("!");
      bodyOver.countDown();
    }
  }

  /** Ends everything, and fails the test that lost a slot. */
  @Override
  public void close() {
    server.close();
    for (PageHolder holder : holders.values()) {
      if (holder instanceof PageStore store) {
        store.close();
      }
    }
    int lost = pool.slotsInUse();
    pool.close();
    if (lost != 0) {
      throw new AssertionError(lost + " slots were never freed");
    }
  }
}
