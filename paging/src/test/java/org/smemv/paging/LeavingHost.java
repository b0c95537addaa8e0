package org.smemv.paging;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.MemoryFile;

/** The host that a VM leaves: a page server on loopback with what is left of its memory. */
final class LeavingHost implements HolderDirectory, AutoCloseable {
  private final UUID vm;
  private final Path ram;
  private final long epoch;
  private MemoryFile file;
  volatile LeftMemory memory;
  volatile PageServer server;

  LeavingHost(UUID vm, Path ram, long epoch) {
    this.vm = vm;
    this.ram = ram;
    this.epoch = epoch;
    this.file = MemoryFile.open(ram);
    this.memory = new LeftMemory(vm, file, epoch);
    this.server = start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private PageServer start(InetSocketAddress address) {
    return PageServer.start(
        address, new PageServer.Services(this, request -> request), PageServer.Options.of("old"));
  }

  /** Its agent dies, and the next one goes on from the RAM file alone. */
  void restart() {
    server.close();
    memory.close();
    file.close();
    file = MemoryFile.open(ram);
    memory = LeftMemory.reopen(vm, file, epoch);
    server = start(server.address());
  }

  long presentPages() {
    return file.allocatedBytes() / 4096;
  }

  @Override
  public @Nullable PageHolder holder(UUID wanted) {
    return memory;
  }

  @Override
  public @Nullable BodySink bodySink(UUID wanted, long wantedEpoch) {
    return null;
  }

  @Override
  public void close() {
    server.close();
    memory.close();
    file.close();
  }
}
