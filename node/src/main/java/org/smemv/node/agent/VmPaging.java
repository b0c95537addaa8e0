package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl.Share;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.paging.DrainProgress;
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

  /** Of an arriving VM that has no sub-host yet: it serves nothing. */
  private volatile @Nullable GuestPager idle;

  private volatile @Nullable IncomingMemory incoming;

  VmPaging(GuestAttachment attachment) {
    this.attachment = attachment;
  }

  /**
   * Begins to serve the VM's faults from its sub-hosts, and takes its pages while it arrives.
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
    boolean arriving = record.phase() == Phase.INCOMING;
    SubHosts hosts =
        arriving
            ? SubHosts.reading(record.id(), record.epoch(), caller)
            : new SubHosts(record.id(), record.epoch(), caller);
    for (Share share : record.shares()) {
      hosts.add(identity(share, addressOf.apply(share.host())), grantPages(share));
    }
    GuestPager made = new GuestPager(attachment, hosts, GuestPager.SPIN, onBroken);
    try {
      if (arriving) {
        incoming = new IncomingMemory(made, record.epoch());
        if (record.shares().isEmpty()) {
          idle = made;
          return;
        }
      } else {
        made.recover();
        if (record.phase() == Phase.TAKEN) {
          made.suspectAll(); // its former main host may have left copies there
        }
      }
      made.serveFaults();
      if (!arriving || record.isWhole()) {
        drain(made, record); // else what arrives from the source may need the room
      }
    } catch (RuntimeException e) {
      incoming = null;
      made.close();
      throw e;
    }
    pager = made;
  }

  private static SubHost.Identity identity(Share share, InetSocketAddress address) {
    return new SubHost.Identity(share.index(), share.host(), address);
  }

  /** Nothing more goes to one that is leaving. */
  private static long grantPages(Share share) {
    return share.leaving() ? 0 : share.bytes() >>> PageSize.SHIFT;
  }

  /**
   * The arriving VM gets one more sub-host, its source, of which there is nothing to be had yet.
   *
   * @throws IllegalArgumentException when another sub-host has its number
   */
  void expectRest(Share rest, InetSocketAddress source) {
    GuestPager waiting = idle;
    GuestPager paging = waiting == null ? pager : waiting;
    if (paging == null) {
      throw new IllegalArgumentException("the VM is not served");
    }
    paging.subHosts().add(identity(rest, source), grantPages(rest));
    if (waiting != null) {
      waiting.serveFaults();
      idle = null;
      pager = waiting;
    }
  }

  private static void drain(GuestPager pager, VmRecord record) {
    for (Share share : record.shares()) {
      if (share.leaving()) {
        pager.drain(share.index());
      } else if (pager.attachment().table().isLeaving(share.index())) {
        // The agent before died when it had let go of another one with that number.
        pager.stopDraining(share.index());
      }
    }
  }

  /** Pages that are still to come from sub-hosts that are leaving. */
  long toGather(VmRecord record) {
    GuestPager paging = pager;
    boolean arriving = record.phase() == Phase.INCOMING;
    long pages = 0;
    for (Share share : record.shares()) {
      if (share.leaving()) {
        DrainProgress progress = paging == null ? null : paging.draining(share.index());
        // While it arrives no copy is dropped; afterwards a share counts until it is forgotten.
        long gathered = arriving && progress != null ? progress.gathered() : 0;
        long held = paging == null ? 1 : paging.remaining(share.index());
        pages += arriving ? Math.max(0, held - gathered) : Math.max(1, held);
      }
    }
    return pages;
  }

  /** True when a sub-host that is leaving has no page any more. */
  boolean isDrained(Share share) {
    GuestPager paging = pager;
    return paging != null && paging.drained(share.index());
  }

  void forget(int subHost) {
    GuestPager paging = pager;
    if (paging != null) {
      paging.forget(subHost);
    }
  }

  /** The VM is here: it takes no arriving pages any more. */
  void endArrival() {
    IncomingMemory arriving = incoming;
    if (arriving != null) {
      arriving.close();
      incoming = null;
    }
    GuestPager unused = idle;
    if (unused != null) {
      idle = null;
      unused.close();
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
  void keepWithinLimit(VmRecord record) {
    GuestPager paging = pager;
    if (paging != null) {
      paging.takeOver();
      paging.keepWithinLimit();
      drain(paging, record);
    }
  }

  /** What may be here, and what the sub-hosts grant, has changed. */
  void limit(long bytes, List<Share> shares) {
    attachment.table().limitPages(bytes >>> PageSize.SHIFT);
    GuestPager paging = pager;
    if (paging != null) {
      for (Share share : shares) {
        SubHost host = paging.subHosts().at(share.index());
        if (host != null) {
          host.grantPages(grantPages(share));
        }
      }
      paging.limitPages(bytes >>> PageSize.SHIFT);
    }
  }

  /**
   * The VM has other sub-hosts from now on, and another limit: those that are new come first, so
   * that there is room before anything must leave.
   */
  void rearrange(VmRecord record, Function<String, InetSocketAddress> addressOf) {
    GuestPager paging = pager;
    if (paging != null) {
      for (Share share : record.shares()) {
        if (paging.subHosts().at(share.index()) == null) {
          paging.subHosts().add(identity(share, addressOf.apply(share.host())), grantPages(share));
        }
      }
    }
    limit(record.mainMemoryBytes(), record.shares());
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
    endArrival();
    GuestPager paging = pager;
    pager = null;
    if (paging != null) {
      paging.close();
    }
  }
}
