package org.smemv.node.agent;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

/** What the sub-hosts of a VM grant it, changed at all of them or at none. One thread. */
final class ShareGrants {
  private static final Logger log = LoggerFactory.getLogger(ShareGrants.class);

  /** Asks the share's host. */
  interface Grantor {
    /**
     * Asks it to grant the share: {@link org.smemv.migration.HostControl#resize}.
     *
     * @param again as it did before: {@link org.smemv.migration.HostControl#undoResize}
     */
    void grant(Share share, boolean again) throws HostException;
  }

  private final Grantor grantor;

  ShareGrants(Grantor grantor) {
    this.grantor = grantor;
  }

  /**
   * Has each sub-host grant its share of {@code wanted} instead of that in {@code present}, which
   * has the same hosts in the same order.
   *
   * @throws HostException when one did not; then all grant again what they did before
   */
  void change(List<Share> present, List<Share> wanted) throws HostException {
    for (int i = 0; i < wanted.size(); i++) {
      try {
        if (!wanted.get(i).equals(present.get(i))) {
          grantor.grant(wanted.get(i), false);
        }
      } catch (HostException e) {
        // Also of the one that failed: it may have done it and not been able to say so.
        revert(wanted.subList(0, i + 1), present.subList(0, i + 1));
        throw e;
      }
    }
  }

  /** Has the sub-hosts grant what they did before; tells the log of those that cannot be asked. */
  void revert(List<Share> changed, List<Share> before) {
    for (int i = 0; i < before.size(); i++) {
      try {
        if (!changed.get(i).equals(before.get(i))) {
          grantor.grant(before.get(i), true);
        }
      } catch (HostException e) {
        Share share = changed.get(i);
        log.warn(
            "host {} may keep {} MiB reserved that the VM does not use: {}",
            share.host(),
            (share.bytes() - before.get(i).bytes()) >> 20,
            e.getMessage());
      }
    }
  }
}
