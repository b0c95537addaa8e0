package org.smemv.paging;

import java.net.InetSocketAddress;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A request to another host failed: refused by it, or the connection is lost. */
public final class PageLinkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final InetSocketAddress peer;
  private final UUID vm;
  private final @Nullable ErrorCode code;
  private final boolean lost;

  private PageLinkException(
      InetSocketAddress peer,
      UUID vm,
      @Nullable ErrorCode code,
      boolean lost,
      String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.lost = lost;
    this.peer = peer;
    this.vm = vm;
    this.code = code;
  }

  /** The peer answered with an ERROR, after which the connection goes on or is {@code lost}. */
  static PageLinkException refused(
      InetSocketAddress peer, UUID vm, ErrorCode code, boolean lost, String message) {
    String text = "host at " + peer + " refused" + about(vm) + ": " + code + ": " + message;
    return new PageLinkException(peer, vm, code, lost, text, null);
  }

  /** The connection is of no further use. */
  static PageLinkException lost(
      InetSocketAddress peer, UUID vm, String message, @Nullable Throwable cause) {
    String text = "link to host at " + peer + about(vm) + " is lost: " + message;
    return new PageLinkException(peer, vm, null, true, text, cause);
  }

  private static String about(UUID vm) {
    return vm.equals(LinkTarget.NO_VM) ? "" : " for VM " + vm;
  }

  /** The other host. */
  public InetSocketAddress peer() {
    return peer;
  }

  /** The VM; all zero on a connection of the control plane. */
  public UUID vm() {
    return vm;
  }

  /** Why the peer refused; null when it said nothing. */
  public @Nullable ErrorCode code() {
    return code;
  }

  /** True when the connection is of no further use. */
  public boolean isLost() {
    return lost;
  }
}
