package org.smemv.placement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Spreads a VM that is to leave its host fast: over the fewest hosts that together take it as soon
 * as the host's link can give it. Each gets a part in proportion to its link, so that all are done
 * at the same time. What other hosts hold of the VM already stays there. One thread.
 */
final class LinkSpread {
  /**
   * A main host and new sub-hosts.
   *
   * @param mainBytes that the main host must grant
   * @param linkBytesPerSecond of all of them together
   */
  record Spread(FleetHost main, long mainBytes, List<Part> parts, double linkBytesPerSecond) {}

  /** What a new sub-host must grant. */
  record Part(FleetHost host, long bytes) {}

  /** A host with the most that it can grant so that it has what it is sent in time. */
  private record Room(FleetHost host, double bytes) {
    static final Comparator<Room> LEAST_FIRST =
        Comparator.comparingDouble(Room::bytes)
            .thenComparingLong(room -> room.host().usableBytes())
            .thenComparing(room -> room.host().name(), Comparator.reverseOrder());
  }

  /** What leaves within a second has left fast: to split it costs more than it gains. */
  private static final double SOON_SECONDS = 1;

  /** Halves the doubt about the time to less than a thousandth of it. */
  private static final int HALVINGS = 12;

  private final PlacementWish wish;
  private final List<FleetHost> hosts;

  /** Bytes per second of the source's link that are to be used. */
  private final double rate;

  private final int newMax;
  private final long keptBytes;

  private LinkSpread(PlacementWish wish, double rate, List<FleetHost> hosts) {
    this.wish = wish;
    this.hosts = hosts;
    this.rate = rate;
    this.newMax = wish.newSubHostsMax();
    this.keptBytes = wish.grantedBytes();
  }

  /**
   * Finds it.
   *
   * @param fits whether a host may become the main host or a new sub-host
   * @return null when the rate of the source's link is not known, or when there is not enough
   *     memory without the shares that could grow
   */
  static @Nullable Spread of(Fleet fleet, PlacementWish wish, Predicate<FleetHost> fits) {
    FleetHost source = fleet.host(wish.source());
    long link = source == null ? 0 : source.linkBytesPerSecond();
    if (link == 0) {
      return null;
    }
    List<FleetHost> hosts =
        fleet.all().stream().filter(host -> host.usableBytes() > 0 && fits.test(host)).toList();
    return new LinkSpread(wish, link * wish.linkPart(), hosts).find();
  }

  /** At the earliest possible time; when the links are too slow for it, as soon after as can be. */
  private @Nullable Spread find() {
    FleetHost alone = alone();
    if (alone != null) {
      return new Spread(alone, allOfIt(), List.of(), rate(alone));
    }
    double seconds = Math.max(SOON_SECONDS, wish.residentBytes() / rate);
    Spread found = within(seconds);
    if (found != null || within(Double.MAX_VALUE) == null) {
      return found;
    }
    double tooSoon = seconds;
    while (found == null) {
      tooSoon = seconds;
      seconds *= 2;
      found = within(seconds);
    }
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (tooSoon + seconds) / 2;
      Spread sooner = within(middle);
      if (sooner == null) {
        tooSoon = middle;
      } else {
        seconds = middle;
        found = sooner;
      }
    }
    return found;
  }

  /** The fullest host that holds all that is to leave and takes it as fast as it is given. */
  private @Nullable FleetHost alone() {
    double enough = Math.min(rate, wish.residentBytes() / SOON_SECONDS);
    long all = allOfIt();
    return hosts.stream()
        .filter(host -> host.usableBytes() >= all && rate(host) >= enough && mayBeMain(host))
        .min(Comparator.comparingLong(FleetHost::usableBytes).thenComparing(FleetHost::name))
        .orElse(null);
  }

  private boolean mayBeMain(FleetHost host) {
    String asked = wish.main();
    return asked == null || asked.equals(host.name());
  }

  /** What a main host must grant that takes all that is not with the VM's sub-hosts. */
  private long allOfIt() {
    long bytes = withHeadroom(Math.max(wish.residentBytes(), wish.workingSetBytes()));
    return ShareSizes.mainBytes(wish.vmBytes(), bytes, keptBytes);
  }

  /** One whose link is not known is taken to be no slower than what is asked of it. */
  private double rate(FleetHost host) {
    return host.linkBytesPerSecond() == 0 ? rate : host.linkBytesPerSecond();
  }

  private @Nullable Spread within(double seconds) {
    FleetHost main = mainHost(seconds);
    if (main == null) {
      return null;
    }
    long mainBytes = mainBytes(main, seconds);
    long headroom = ShareSizes.headroomBytes(mainBytes);
    long needed =
        mainBytes >= wish.vmBytes() && keptBytes == 0
            ? 0 // it does not swap
            : wish.vmBytes() - mainBytes + headroom - keptBytes;
    List<Room> rooms = new ArrayList<>();
    if (needed > 0) {
      long rest = Math.max(0, wish.residentBytes() - (mainBytes - headroom));
      rooms = rooms(main, seconds, needed, rest);
      if (rooms.stream().mapToDouble(Room::bytes).sum() < needed) {
        return null;
      }
    }
    double rates = rate(main) + rooms.stream().mapToDouble(room -> rate(room.host())).sum();
    return new Spread(main, mainBytes, parts(rooms, needed), rates);
  }

  /** The one that takes most by then; of equal ones that with the most memory. */
  private @Nullable FleetHost mainHost(double seconds) {
    Room best = null;
    for (FleetHost host : hosts) {
      long grant = mayBeMain(host) ? mainBytes(host, seconds) : 0;
      if (grant > 0) {
        Room room = new Room(host, Math.min((double) grant, rate(host) * seconds));
        best = best == null || Room.LEAST_FIRST.compare(room, best) > 0 ? room : best;
      }
    }
    return best == null ? null : best.host();
  }

  /** What a main host must grant for what it is sent by then; 0 if it has not enough for that. */
  private long mainBytes(FleetHost host, double seconds) {
    long usable = host.usableBytes();
    long set = Math.max(wish.workingSetBytes(), ShareSizes.headroomBytes(0));
    double least = (double) Math.min(set, wish.vmBytes());
    double sent = Math.clamp(rate(host) * seconds, least, (double) wish.vmBytes());
    long all = wish.vmBytes();
    if (sent >= wish.residentBytes() && allOfIt() <= usable) {
      return allOfIt();
    }
    long grant = Math.min(Math.min(withHeadroom((long) sent), usable), all);
    long headroom = ShareSizes.headroomBytes(grant);
    boolean holds = grant == all || grant >= Math.max(set, headroom) + headroom;
    return holds ? grant : 0;
  }

  /** The least whole pages with which so much is left beside what is kept free. */
  private long withHeadroom(long bytes) {
    long with = Math.max(bytes + ShareSizes.headroomBytes(0), (bytes + 14) / 15 * 16);
    return Math.min(PageSize.pagesIn(with) * PageSize.BYTES, wish.vmBytes());
  }

  /**
   * The hosts that have room for most, as few as will do.
   *
   * @param needed memory, which is more than what is sent when the VM has memory that it never used
   * @param sent of it
   */
  private List<Room> rooms(FleetHost main, double seconds, long needed, long sent) {
    PriorityQueue<Room> most = new PriorityQueue<>(Room.LEAST_FIRST);
    double grantPerSent = sent == 0 ? Double.POSITIVE_INFINITY : (double) needed / sent;
    for (FleetHost host : hosts) {
      if (host.name().equals(main.name())) {
        continue;
      }
      Room room =
          new Room(
              host, Math.min((double) host.usableBytes(), rate(host) * seconds * grantPerSent));
      if (most.size() < newMax) {
        most.add(room);
      } else if (newMax > 0 && Room.LEAST_FIRST.compare(room, most.element()) > 0) {
        most.poll();
        most.add(room);
      }
    }
    List<Room> rooms = new ArrayList<>(most);
    rooms.sort(Room.LEAST_FIRST.reversed());
    double sum = 0;
    int count = 0;
    while (count < rooms.size() && sum < needed) {
      sum += rooms.get(count++).bytes();
    }
    return rooms.subList(0, count);
  }

  private static List<Part> parts(List<Room> rooms, long needed) {
    double sum = rooms.stream().mapToDouble(Room::bytes).sum();
    List<Part> parts = new ArrayList<>();
    for (Room room : rooms) {
      long pages = (long) Math.ceil(needed * (room.bytes() / sum) / PageSize.BYTES);
      parts.add(new Part(room.host(), Math.min(pages * PageSize.BYTES, room.host().usableBytes())));
    }
    return parts;
  }
}
