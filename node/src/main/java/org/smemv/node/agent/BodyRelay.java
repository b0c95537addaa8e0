package org.smemv.node.agent;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageLink;

/**
 * Carries the device state of a VM that leaves: takes the stream from QEMU over a Unix socket and
 * sends it to the new main host over a link of our own. It is connected before the VM stops.
 */
final class BodyRelay implements AutoCloseable {
  private static final int BUFFER_BYTES = 256 << 10;
  private static final long LOOK_MILLIS = 50;

  private final Path socket;
  private final ServerSocketChannel listener;
  private final PageLink link;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  BodyRelay(Path socket, LinkTarget target) throws IOException {
    this.socket = socket;
    Files.deleteIfExists(socket);
    this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(socket));
      this.link = PageLink.open(target);
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
    Thread.ofPlatform().daemon().name("body-relay").start(this::relay);
  }

  /** What QEMU is told to migrate to. */
  String uri() {
    return "unix:" + socket;
  }

  private void relay() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (SocketChannel qemu = listener.accept()) {
      while (qemu.read(buffer) >= 0) {
        link.sendBody(buffer.flip());
        buffer.clear();
      }
      link.endBody();
      done.complete(null);
    } catch (IOException | RuntimeException e) {
      done.completeExceptionally(e);
    } finally {
      link.close();
    }
  }

  /**
   * Waits until the new main host has taken all of the stream.
   *
   * @param enough is asked all the time; a yes ends the waiting
   * @return false when the waiting was ended so
   */
  boolean await(Duration timeout, BooleanSupplier enough) throws IOException {
    long begun = System.nanoTime();
    try {
      while (!isDoneSoon()) {
        if (enough.getAsBoolean()) {
          return false;
        }
        if (System.nanoTime() - begun > timeout.toNanos()) {
          throw new IOException("the device state did not get across in " + timeout);
        }
      }
      return true;
    } catch (ExecutionException e) {
      throw new IOException("the device state did not get across: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while sending the device state", e);
    }
  }

  private boolean isDoneSoon() throws ExecutionException, InterruptedException {
    try {
      done.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    link.shutdown();
    listener.close();
    Files.deleteIfExists(socket);
  }
}
