package org.smemv.paging;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A page server on loopback that holds the pages of one VM. */
final class StoreServer implements HolderDirectory, AutoCloseable {
  final SlabPool pool;
  final UUID vm;
  final long pages;
  volatile @Nullable PageStore store;
  volatile PageServer server;

  /** Stands between the server and the store, for a test that wants to be in the middle. */
  volatile UnaryOperator<PageHolder> between = holder -> holder;

  private final String name;

  /** Where this one pulls pages from, by name. */
  final Map<String, InetSocketAddress> neighbours = new ConcurrentHashMap<>();

  StoreServer(UUID vm, long pages) {
    this(vm, pages, "sub");
  }

  StoreServer(UUID vm, long pages, String name) {
    this.vm = vm;
    this.pages = pages;
    this.pool = new SlabPool(pages, 64);
    this.store = new PageStore(vm, pool, pages, pages, 1);
    this.name = name;
    this.server = start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private PageServer start(InetSocketAddress address) {
    return PageServer.start(
        address,
        new PageServer.Services(this, request -> request, this::neighbour),
        PageServer.Options.of(name));
  }

  /** Ends all connections and listens no more; what it holds stays. */
  void goAway() {
    server.close();
  }

  /** Listens again where it did. */
  void comeBack() {
    server = start(server.address());
  }

  private InetSocketAddress neighbour(String name) {
    InetSocketAddress address = neighbours.get(name);
    if (address == null) {
      throw new IllegalArgumentException("no host named " + name);
    }
    return address;
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
    PageStore held = store;
    return held == null ? null : between.apply(held);
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
