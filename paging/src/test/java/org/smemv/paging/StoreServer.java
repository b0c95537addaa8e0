package org.smemv.paging;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A page server on loopback that holds the pages of one VM. */
final class StoreServer implements HolderDirectory, AutoCloseable {
  final SlabPool pool;
  final UUID vm;
  final long pages;
  volatile @Nullable PageStore store;
  final PageServer server;

  StoreServer(UUID vm, long pages) {
    this.vm = vm;
    this.pages = pages;
    this.pool = new SlabPool(pages, 64);
    this.store = new PageStore(vm, pool, pages, pages, 1);
    this.server =
        PageServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            new PageServer.Services(this, request -> request),
            PageServer.Options.of("sub"));
  }

  InetSocketAddress address() {
    return server.address();
  }

  PageLink link() {
    return PageLink.open(
        new LinkTarget(
            address(), vm, 1, TrafficClass.BULK, 9, "test", java.time.Duration.ofSeconds(5)));
  }

  @Override
  public @Nullable PageHolder holder(UUID wanted) {
    return store;
  }

  @Override
  public @Nullable BodySink bodySink(UUID wanted, long epoch) {
    return null;
  }

  @Override
  public void close() {
    server.close();
  }
}
