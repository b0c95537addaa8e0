package org.smemv.node.agent;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.placement.ShareSizes;

/**
 * The sub-hosts that a VM has from its start: all of them grant what it needs before its QEMU runs,
 * or it is not started. One thread.
 */
final class StartShares {
  private static final Logger log = LoggerFactory.getLogger(StartShares.class);

  private interface Ask {
    void of(RemoteHost sub) throws HostException;
  }

  private final String host;
  private final Function<String, InetSocketAddress> addressOf;

  StartShares(String host, Function<String, InetSocketAddress> addressOf) {
    this.host = host;
    this.addressOf = addressOf;
  }

  /**
   * What each sub-host is to grant, by what it has free now; nothing if all of the VM is to be
   * here.
   */
  List<Share> divide(StartVm request) throws OperationException {
    if (!isSplit(request)) {
      return List.of();
    }
    List<ShareSizes.Candidate> candidates = new ArrayList<>();
    for (SubShare sub : Objects.requireNonNull(request.subs())) {
      HostReport report = describe(sub.host());
      candidates.add(new ShareSizes.Candidate(sub.host(), sub.bytes(), report.freeBytes()));
    }
    try {
      List<Share> shares = new ArrayList<>();
      for (ShareSizes.Share size :
          ShareSizes.divide(request.memoryBytes(), request.mainMemoryBytes(), candidates)) {
        shares.add(new Share(shares.size(), size.host(), size.bytes()));
      }
      return shares;
    } catch (ShareSizes.DoesNotFit e) {
      throw new OperationException(
          ErrorCode.CAPACITY, "VM " + request.name() + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()), e);
    }
  }

  private static boolean isSplit(StartVm request) throws OperationException {
    long main = request.mainMemoryBytes();
    boolean split = main != 0 && main < request.memoryBytes();
    String why = null;
    if (main > request.memoryBytes()) {
      why = "its main memory is larger than its memory";
    } else if (split && Objects.requireNonNull(request.subs()).isEmpty()) {
      why = "main memory that is less than its memory needs sub-hosts for the rest";
    } else if (!split && !Objects.requireNonNull(request.subs()).isEmpty()) {
      why = "its sub-hosts would get nothing: give it main memory that is less than its memory";
    }
    if (why != null) {
      throw new OperationException(ErrorCode.BAD_REQUEST, "VM " + request.name() + ": " + why);
    }
    return split;
  }

  private HostReport describe(String name) throws OperationException {
    if (name.equals(host)) {
      throw new OperationException(
          ErrorCode.BAD_REQUEST, host + " is where the VM starts: choose other hosts as sub-hosts");
    }
    HostReport[] report = new HostReport[1];
    try {
      ask(name, sub -> report[0] = sub.describe());
    } catch (HostException e) {
      throw new OperationException(ErrorCode.UNREACHABLE_HOST, String.valueOf(e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new OperationException(ErrorCode.NOT_FOUND, String.valueOf(e.getMessage()), e);
    }
    if (report[0].draining()) {
      throw new OperationException(ErrorCode.UNSUITABLE, Draining.refusal(name));
    }
    return report[0];
  }

  private void ask(String name, Ask question) throws HostException {
    try (RemoteHost sub = new RemoteHost(name, addressOf.apply(name), host)) {
      question.of(sub);
    }
  }

  void reserve(VmRecord record) throws HostException {
    for (Share share : record.shares()) {
      Reservation wanted =
          new Reservation(
              record.id(),
              record.name(),
              record.epoch(),
              Role.SUB,
              share.bytes(),
              record.memoryBytes(),
              host,
              host);
      ask(share.host(), sub -> sub.reserve(wanted));
    }
  }

  /** After the record names them: a sub-host asks this host whether it is still needed. */
  void keep(VmRecord record) throws HostException {
    for (Share share : record.shares()) {
      ask(share.host(), sub -> sub.keep(record.id(), record.epoch()));
    }
  }

  /** Gives all of it back; who cannot be told finds out by itself. */
  void release(VmRecord record) {
    for (Share share : record.shares()) {
      try {
        ask(share.host(), sub -> sub.release(record.id(), Long.MAX_VALUE));
      } catch (HostException | IllegalArgumentException e) {
        log.info("VM {}: a reservation lapses by itself: {}", record.name(), e.getMessage());
      }
    }
  }

  static ErrorCode code(HostException e) {
    return switch (e.kind()) {
      case CAPACITY -> ErrorCode.CAPACITY;
      case UNREACHABLE -> ErrorCode.UNREACHABLE_HOST;
      case REFUSED -> ErrorCode.FAILED;
    };
  }
}
