package org.smemv.node.directory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.DirectoryServer;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageServer;

/** The directory as a process: a data port for agents, and an API for operators. */
public final class DirectoryDaemon implements AutoCloseable {
  private static final String NAME = "directory";

  private final PageServer data;
  private final DirectoryServer api;

  private DirectoryDaemon(PageServer data, DirectoryServer api) {
    this.data = data;
    this.api = api;
  }

  /**
   * Starts it.
   *
   * @param data where agents find it; port 0 takes a free one
   * @throws IOException when the API's socket cannot be made
   */
  public static DirectoryDaemon start(InetSocketAddress data, ApiAddress api) throws IOException {
    return start(data, api, new HostDirectory());
  }

  static DirectoryDaemon start(InetSocketAddress data, ApiAddress api, HostDirectory directory)
      throws IOException {
    PageServer server =
        PageServer.start(
            data,
            new PageServer.Services(new NoPages(), new HeartbeatRequests(directory)),
            PageServer.Options.of(NAME)); // a connection lasts as long as its heartbeat
    directory.connections(server::connections);
    try {
      return new DirectoryDaemon(server, DirectoryServer.start(api, directory));
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Where agents find it. */
  public InetSocketAddress address() {
    return data.address();
  }

  @Override
  public void close() {
    api.close();
    data.close();
  }

  /** It holds no page of any VM. */
  private static final class NoPages implements HolderDirectory {
    @Override
    public @Nullable PageHolder holder(UUID vm) {
      return null;
    }

    @Override
    public @Nullable BodySink bodySink(UUID vm, long epoch) {
      return null;
    }
  }
}
