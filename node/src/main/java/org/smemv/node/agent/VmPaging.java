package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.paging.GuestAttachment;
import org.smemv.paging.GuestPager;
import org.smemv.paging.IncomingMemory;
import org.smemv.paging.SubHost;
import org.smemv.paging.SubHosts;
import org.smemv.placement.PageSize;

/**
 * The pager of one VM while a part of its memory is elsewhere, and what takes its pages while it
 * arrives. Changed under the VM's lock; any thread may ask.
 */
final class VmPaging {
  private final GuestAttachment attachment;
  private volatile @Nullable GuestPager pager;
  private volatile @Nullable IncomingMemory incoming;

  VmPaging(GuestAttachment attachment) {
    this.attachment = attachment;
  }

  /**
   * Begins to serve the VM's faults from its sub-hosts, of which it has some.
   *
   * @param caller this host
   * @param addressOf finds the data port of a host
   * @param onBroken is told when a thread of the pager broke
   */
  void start(
      VmRecord record,
      String caller,
      Function<String, InetSocketAddress> addressOf,
      Consumer<Throwable> onBroken) {
    SubHosts hosts = new SubHosts(record.id(), record.epoch(), caller);
    for (Share share : record.shares()) {
      hosts.add(
          new SubHost.Identity(share.index(), share.host(), addressOf.apply(share.host())),
          share.bytes() >>> PageSize.SHIFT);
    }
    GuestPager made = new GuestPager(attachment, hosts, GuestPager.SPIN, onBroken);
    try {
      if (record.phase() == Phase.INCOMING) {
        incoming = new IncomingMemory(made, record.epoch());
      } else {
        made.recover();
      }
      made.serveFaults();
    } catch (RuntimeException e) {
      incoming = null;
      made.close();
      throw e;
    }
    pager = made;
  }

  /** An arriving VM without sub-hosts takes its pages without a pager. */
  void expectPages(long epoch) {
    if (incoming == null) {
      incoming = IncomingMemory.withoutPager(attachment, epoch);
    }
  }

  /** The VM is here: it takes no arriving pages any more. */
  void endArrival() {
    IncomingMemory arriving = incoming;
    if (arriving != null) {
      arriving.close();
      incoming = null;
    }
  }

  /** The sub-host that is not connected; null when there is none. */
  @Nullable String missingSubHost() {
    GuestPager paging = pager;
    if (paging != null) {
      for (SubHost sub : paging.subHosts().all()) {
        if (sub.state() != SubHost.State.CONNECTED) {
          return sub.identity().name() + ": " + sub.reason();
        }
      }
    }
    return null;
  }

  /** Evicts from now on, if a part of the VM's memory is elsewhere. */
  void keepWithinLimit() {
    GuestPager paging = pager;
    if (paging != null) {
      paging.keepWithinLimit();
    }
  }

  /** What may be here, and what the sub-hosts grant, has changed. */
  void limit(long bytes, List<Share> shares) {
    attachment.table().limitPages(bytes >>> PageSize.SHIFT);
    GuestPager paging = pager;
    if (paging != null) {
      for (Share share : shares) {
        paging.subHosts().all().get(share.index()).grantPages(share.bytes() >>> PageSize.SHIFT);
      }
      paging.limitPages(bytes >>> PageSize.SHIFT);
    }
  }

  /** Null when the whole VM is here, or nothing is served now. */
  @Nullable GuestPager pager() {
    return pager;
  }

  /** Null unless the VM is arriving. */
  @Nullable IncomingMemory incoming() {
    return incoming;
  }

  /** Serves nothing any more: faults wait for the next pager. */
  void stop() {
    GuestPager paging = pager;
    pager = null;
    if (paging != null) {
      paging.close();
    }
  }
}
