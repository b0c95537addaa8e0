package org.smemv.paging;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Finds what this host has of a VM; called by many threads. */
public interface HolderDirectory {
  /** The pages of a VM on this host; null when it has none to do with it. */
  @Nullable PageHolder holder(UUID vm);

  /**
   * The pages that a caller means, where a VM arrives on a host that is a sub-host of it.
   *
   * @param caller the calling host
   * @param epoch that it calls with
   */
  default @Nullable PageHolder holder(UUID vm, String caller, long epoch) {
    return holder(vm);
  }

  /**
   * Where the device stream of a VM goes that moves here. Changes nothing: a caller that is refused
   * must not disturb a stream that is on its way.
   *
   * @return null when this host does not wait for the VM
   * @throws FrameException STALE_EPOCH
   */
  @Nullable BodySink bodySink(UUID vm, long epoch);
}
