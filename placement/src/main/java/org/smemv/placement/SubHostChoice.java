package org.smemv.placement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the fewest sub-hosts that hold what does not fit on a main host. Shares that are there
 * already stay, and grow first; of new sub-hosts the smallest that suffice are taken. One thread.
 */
final class SubHostChoice {
  /**
   * A sub-host of the plan.
   *
   * @param bytes all that it must grant
   * @param keptBytes of these, granted already
   */
  record Sub(String host, long bytes, long keptBytes, long freeBytes, String reason) {
    long addedBytes() {
      return bytes - keptBytes;
    }
  }

  /** A share with what its host can add to it. */
  private record Growth(PlacementWish.Share share, long roomBytes, long freeBytes) {}

  private final Fleet fleet;
  private final PlacementWish wish;
  private final Predicate<FleetHost> fits;
  private final long keptBytes;
  private final List<Growth> growth = new ArrayList<>();
  private final long growthBytes;
  private final int newMax;

  /** One more than can be used, as the main host may be among them. */
  private final List<FleetHost> largest;

  private final Set<String> largestNames;
  private final long largestBytes;

  /**
   * @param fits whether a host may become a new sub-host
   */
  SubHostChoice(Fleet fleet, PlacementWish wish, Predicate<FleetHost> fits) {
    this.fleet = fleet;
    this.wish = wish;
    this.fits = fits;
    this.keptBytes = wish.grantedBytes();
    for (PlacementWish.Share share : wish.shares()) {
      growth.add(growthOf(share, fleet.host(share.host())));
    }
    growth.sort(
        Comparator.comparingLong(Growth::roomBytes)
            .reversed()
            .thenComparing(g -> g.share().host()));
    this.growthBytes = growth.stream().mapToLong(Growth::roomBytes).sum();
    this.newMax = wish.newSubHostsMax();
    this.largest = fleet.largest(newMax + 1, fits);
    this.largestNames = largest.stream().map(FleetHost::name).collect(Collectors.toSet());
    this.largestBytes = largest.stream().mapToLong(FleetHost::usableBytes).sum();
  }

  private Growth growthOf(PlacementWish.Share share, @Nullable FleetHost host) {
    if (host == null) {
      return new Growth(share, 0, 0);
    }
    return new Growth(share, mayGrow(host) ? host.usableBytes() : 0, host.freeBytes());
  }

  private boolean mayGrow(FleetHost host) {
    return !host.lost() && !host.draining() && !wish.excluded().contains(host.name());
  }

  /** What all sub-hosts together must add to what they have granted already. */
  private long needed(FleetHost main) {
    long mainBytes = main.usableBytes();
    return wish.vmBytes() - mainBytes + ShareSizes.headroomBytes(mainBytes) - keptBytes;
  }

  private List<FleetHost> candidates(FleetHost main) {
    return largest.stream().filter(h -> !h.name().equals(main.name())).limit(newMax).toList();
  }

  /** The same in sum, for a main host of many that are tried. */
  private long newBytes(FleetHost main) {
    if (largestNames.contains(main.name())) {
      return largestBytes - main.usableBytes();
    }
    return largest.size() <= newMax ? largestBytes : largestBytes - largest.getLast().usableBytes();
  }

  /** Memory that lacks, with a main host; none or less when there is a plan. */
  long missingWith(FleetHost main) {
    return needed(main) - growthBytes - newBytes(main);
  }

  /** Whether no main host at all would do. */
  boolean isHopeless() {
    return largestBytes + keptBytes + growthBytes < wish.vmBytes() + ShareSizes.headroomBytes(0);
  }

  /** Why there is no plan with this main host. */
  String shortage(FleetHost main) {
    int count = candidates(main).size() + growth.size();
    String room =
        count == 0
            ? "there is none"
            : "the best %d can take %d MiB".formatted(count, (growthBytes + newBytes(main)) >> 20);
    return "the sub-hosts must take %d MiB more (with %d MiB to swap with), but %s"
        .formatted(
            PlacementPlanner.up(needed(main)),
            PlacementPlanner.up(ShareSizes.headroomBytes(main.usableBytes())),
            room);
  }

  /** The sub-hosts of a main host with which nothing is missing. */
  List<Sub> choose(FleetHost main) {
    long needed = needed(main);
    List<Sub> subs = new ArrayList<>();
    for (Growth one : growth) {
      long more = Math.clamp(needed, 0, one.roomBytes());
      needed -= more;
      subs.add(grown(one, more));
    }
    if (needed > 0) {
      subs.addAll(fresh(main, needed));
    }
    return subs;
  }

  private static Sub grown(Growth one, long more) {
    return grown(one.share(), more, one.freeBytes());
  }

  /** A share that its host has already, and that grows. */
  static Sub grown(PlacementWish.Share share, long more, long freeBytes) {
    String grows =
        more == 0
            ? ""
            : ", and grows by %d MiB before another is asked".formatted(PlacementPlanner.up(more));
    String reason =
        "holds %d MiB of it already, which stay%s".formatted(share.heldBytes() >> 20, grows);
    long all = share.grantedBytes() + more;
    return new Sub(share.host(), all, share.grantedBytes(), freeBytes, reason);
  }

  private List<Sub> fresh(FleetHost main, long needed) {
    List<FleetHost> chosen = bestFit(main, needed);
    long room = chosen.stream().mapToLong(FleetHost::usableBytes).sum();
    List<Sub> subs = new ArrayList<>();
    for (FleetHost host : chosen) {
      long bytes = part(needed, host.usableBytes(), room);
      subs.add(new Sub(host.name(), bytes, 0, host.freeBytes(), reason(chosen.size(), needed)));
    }
    return subs;
  }

  private static String reason(int count, long needed) {
    return count == 1
        ? "alone holds the %d MiB that are left, with the least to spare"
            .formatted(PlacementPlanner.up(needed))
        : "one of %d, the fewest that hold the %d MiB that are left, with the least to spare"
            .formatted(count, PlacementPlanner.up(needed));
  }

  /** In proportion to its memory, so that none is filled to the brim while another has room. */
  private static long part(long needed, long usable, long room) {
    long pages = (long) Math.ceil((double) needed * usable / room / PageSize.BYTES);
    return Math.min(pages * PageSize.BYTES, usable);
  }

  /**
   * The fewest: as many as the largest ones need. Then, one by one, the smallest host with which
   * the largest of the others still hold the rest.
   */
  private List<FleetHost> bestFit(FleetHost main, long needed) {
    List<FleetHost> large = candidates(main);
    int count = 0;
    for (long left = needed; left > 0; count++) {
      left -= large.get(count).usableBytes();
    }
    List<FleetHost> chosen = new ArrayList<>();
    Set<String> taken = new HashSet<>(Set.of(main.name()));
    long left = needed;
    for (int open = count - 1; open >= 0; open--) {
      long others =
          large.stream()
              .filter(h -> !taken.contains(h.name()))
              .limit(open)
              .mapToLong(FleetHost::usableBytes)
              .sum();
      FleetHost next =
          fleet.smallest(
              Math.max(1, left - others), h -> !taken.contains(h.name()) && fits.test(h));
      if (next == null) {
        throw new IllegalStateException("no sub-host for " + (left - others) + " bytes");
      }
      chosen.add(next);
      taken.add(next.name());
      left -= next.usableBytes();
    }
    return chosen;
  }
}
