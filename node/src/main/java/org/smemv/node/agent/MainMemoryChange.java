package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.paging.GuestPager;
import org.smemv.placement.MemoryLedger;
import org.smemv.placement.PageSize;
import org.smemv.placement.ShareSizes;

/**
 * Changes how much of a running VM's memory may be on its main host. Less of it there means more on
 * its sub-hosts, which grant that first; the main host's own grant shrinks only when the pages have
 * left.
 */
final class MainMemoryChange {
  private static final Logger log = LoggerFactory.getLogger(MainMemoryChange.class);

  private final String host;
  private final MemoryLedger ledger;
  private final Function<String, InetSocketAddress> addressOf;

  MainMemoryChange(
      String host, MemoryLedger ledger, Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.ledger = ledger;
    this.addressOf = addressOf;
  }

  void apply(HostedVm vm, long bytes) throws OperationException {
    VmRecord record = vm.record();
    GuestPager pager = vm.pager();
    check(record, !staying(record).isEmpty(), bytes);
    List<Share> shares = wanted(record, bytes);
    long epoch = record.epoch() + 1;
    ShareGrants grants = new ShareGrants((share, again) -> resize(record, epoch, share, again));
    try {
      vm.raiseEpoch(epoch); // so that nothing that was asked before undoes what is asked now
      grants.change(record.shares(), shares);
    } catch (HostException e) {
      throw keepsItsMemory(record, e);
    } catch (IOException e) {
      throw new OperationException(ErrorCode.FAILED, String.valueOf(e.getMessage()), e);
    }
    long granted = 0;
    try {
      synchronized (vm) { // else a grant that is about to shrink might do so in between
        granted = ledger.granted(LocalVms.key(record));
        if (bytes > granted) {
          ledger.grant(LocalVms.key(record), bytes);
        }
        vm.mainMemory(bytes, shares);
      }
    } catch (MemoryLedger.NotEnough e) {
      grants.revert(shares, record.shares());
      throw new OperationException(ErrorCode.CAPACITY, "host " + host + ": " + e.getMessage(), e);
    } catch (IOException e) {
      grants.revert(shares, record.shares());
      grantAgain(record, granted);
      throw new OperationException(
          ErrorCode.FAILED, "VM " + record.name() + ": " + e.getMessage(), e);
    }
    if (bytes <= granted && pager != null) {
      GrantShrinking.begin(ledger, vm, granted, bytes);
    }
  }

  private static void check(VmRecord record, boolean split, long bytes) throws OperationException {
    if (bytes > record.memoryBytes()) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "VM %s has %d MiB in all".formatted(record.name(), record.memoryBytes() >> 20));
    }
    if (bytes < ShareSizes.headroomBytes(bytes) * 2) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST,
          "main memory of %d KiB is too little to page with: at least %d KiB are needed"
              .formatted(bytes >> 10, ShareSizes.headroomBytes(0) >> 9));
    }
    if (!split && bytes < record.memoryBytes()) {
      throw new OperationException(
          ErrorCode.UNSUITABLE,
          "VM " + record.name() + " has no sub-hosts that could take the rest of its memory");
    }
  }

  private static List<Share> staying(VmRecord record) {
    return record.shares().stream().filter(share -> !share.leaving()).toList();
  }

  /** What the sub-hosts must grant: what will be missing here, divided as it is now. */
  private static List<Share> wanted(VmRecord record, long bytes) {
    long granted = staying(record).stream().mapToLong(Share::bytes).sum();
    long needed = record.memoryBytes() + ShareSizes.headroomBytes(bytes) - bytes;
    if (staying(record).isEmpty() || bytes >= record.memoryBytes() || granted >= needed) {
      return record.shares();
    }
    List<Share> grown = new ArrayList<>();
    for (Share share : record.shares()) {
      if (share.leaving()) {
        grown.add(share);
        continue;
      }
      long pages = PageSize.pagesIn((long) Math.ceil((double) needed * share.bytes() / granted));
      grown.add(new Share(share.index(), share.host(), pages << PageSize.SHIFT));
    }
    return grown;
  }

  private void resize(VmRecord record, long epoch, Share share, boolean again)
      throws HostException {
    try (RemoteHost sub = new RemoteHost(share.host(), addressOf.apply(share.host()), host)) {
      if (again) {
        sub.undoResize(record.id(), epoch, share.bytes());
      } else {
        sub.resize(record.id(), epoch, share.bytes());
      }
    } catch (IllegalArgumentException e) { // the hosts file does not have it any more
      throw new HostException(HostException.Kind.UNREACHABLE, String.valueOf(e.getMessage()), e);
    }
  }

  private static OperationException keepsItsMemory(VmRecord record, HostException e) {
    ErrorCode code =
        switch (e.kind()) {
          case CAPACITY -> ErrorCode.CAPACITY;
          case UNREACHABLE -> ErrorCode.UNREACHABLE_HOST;
          case REFUSED -> ErrorCode.FAILED;
        };
    return new OperationException(
        code, "VM " + record.name() + " keeps its main memory: " + e.getMessage(), e);
  }

  private void grantAgain(VmRecord record, long bytes) {
    try {
      ledger.grant(LocalVms.key(record), bytes);
    } catch (MemoryLedger.NotEnough e) {
      log.error("VM {}: the grant that it had before was refused", record.name(), e);
    }
  }
}
