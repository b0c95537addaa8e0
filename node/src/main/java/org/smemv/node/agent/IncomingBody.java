package org.smemv.node.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.smemv.node.qemu.Qmp;
import org.smemv.paging.BodySink;
import org.smemv.paging.ErrorCode;
import org.smemv.paging.FrameException;

/** Gives the device state of an arriving VM to its waiting QEMU. */
final class IncomingBody implements BodySink {
  private static final Duration LOADED = Duration.ofSeconds(20);
  private static final long LOOK_NANOS = 200_000;

  private final HostedVm vm;
  private @Nullable SocketChannel channel;

  IncomingBody(HostedVm vm) {
    this.vm = vm;
  }

  @Override
  public void begin() {
    Path socket = vm.paths().bodySocket(vm.record().name());
    try {
      Files.deleteIfExists(socket);
      Qmp qmp = vm.body().qmp();
      qmp.execute("migrate-incoming", Map.of("uri", "unix:" + socket), HostedVm.MONITOR);
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw new FrameException(
          ErrorCode.REFUSED, "QEMU does not take the device state: " + e.getMessage());
    }
  }

  private SocketChannel channel() {
    return Objects.requireNonNull(channel, "the stream has not begun");
  }

  @Override
  public void accept(ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        int ignored = channel().write(bytes);
      }
    } catch (IOException e) {
      throw new FrameException(
          ErrorCode.REFUSED, "QEMU stopped taking the device state: " + e.getMessage());
    }
  }

  @Override
  public void end() {
    try {
      channel().close();
      awaitLoaded();
      vm.bodyIsLoaded();
    } catch (IOException e) {
      // It reads guest memory while it loads, and stands while that is away.
      String missing = vm.missingSubHost();
      throw new FrameException(
          ErrorCode.REFUSED,
          "QEMU did not load the device state: "
              + (missing == null ? e.getMessage() : "no connection to sub-host " + missing));
    }
  }

  private void awaitLoaded() throws IOException {
    long deadline = System.nanoTime() + LOADED.toNanos();
    while (true) {
      String missing = vm.missingSubHost();
      if (missing != null) {
        throw new IOException("no connection to sub-host " + missing);
      }
      String status = vm.migrationStatus();
      if (status.equals("completed")) {
        return;
      }
      if (!List.of("setup", "active", "").contains(status)) {
        throw new IOException("its migration is " + status + "; see its qemu.log");
      }
      if (System.nanoTime() > deadline) {
        throw new IOException("not loaded within " + LOADED);
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  @Override
  public void abort() {
    try {
      channel().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
