package org.smemv.bench;

import java.net.InetSocketAddress;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.smemv.paging.BodySink;
import org.smemv.paging.ErrorCode;
import org.smemv.paging.FrameException;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageServer;
import org.smemv.paging.PageStore;

/** A page server that holds the pages of one VM and has no control plane: what is measured. */
final class BenchPageServer {
  private BenchPageServer() {}

  /** Starts one; the caller closes it, and then the store. */
  static PageServer start(InetSocketAddress address, String name, UUID vm, PageStore store) {
    return PageServer.start(
        address,
        new PageServer.Services(new OneVm(vm, store), BenchPageServer::noControl),
        PageServer.Options.of(name));
  }

  private static byte[] noControl(byte[] request) {
    throw new FrameException(
        ErrorCode.REFUSED, "no control plane here for " + request.length + " bytes");
  }

  private record OneVm(UUID vm, PageStore store) implements HolderDirectory {
    @Override
    public @Nullable PageHolder holder(UUID wanted) {
      return wanted.equals(vm) ? store : null;
    }

    @Override
    public @Nullable BodySink bodySink(UUID wanted, long epoch) {
      return null;
    }
  }
}
