package org.smemv.placement;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the main host and the sub-hosts of a VM by their free memory (section 3.1 of the paper).
 * A pure function: the same fleet and wish give the same plan.
 *
 * <ul>
 *   <li>A VM that fits on one host is not split. Of the hosts that hold all of it the fullest takes
 *       it, so that large gaps stay large.
 *   <li>Else the main host is the one with the most memory, if that holds the working set.
 *   <li>What is left goes to the fewest sub-hosts that can take it: first to those that hold a
 *       share already, then to new ones, and of these to the smallest that suffice.
 *   <li>What is to leave fast goes to so many hosts that their links together take what its host's
 *       link gives; what other hosts hold of it stays there ({@link PlacementWish#linkPart}).
 * </ul>
 *
 * The memory of a host is what {@link FleetHost#usableBytes} says. Nothing goes to the source, nor
 * to hosts that are lost, draining, excluded or to be kept apart from.
 */
public final class PlacementPlanner {
  /** There is no plan; the message says what is missing and by how much. */
  public static final class NoPlan extends Exception {
    private static final long serialVersionUID = 1L;

    private final long missingBytes;

    NoPlan(long missingBytes, String message) {
      super(message);
      this.missingBytes = missingBytes;
    }

    /** Memory that would have made it possible; 0 when it is not memory that is missing. */
    public long missingBytes() {
      return missingBytes;
    }
  }

  private final Fleet fleet;
  private final PlacementWish wish;
  private final Set<String> holders;

  private PlacementPlanner(Fleet fleet, PlacementWish wish) {
    this.fleet = fleet;
    this.wish = wish;
    this.holders =
        wish.shares().stream().map(PlacementWish.Share::host).collect(Collectors.toSet());
  }

  /**
   * Makes the plan; the fleet stays as it is.
   *
   * @throws NoPlan when there is none
   */
  public static PlacementPlan plan(Fleet fleet, PlacementWish wish) throws NoPlan {
    return new PlacementPlanner(fleet, wish).plan();
  }

  private PlacementPlan plan() throws NoPlan {
    FleetHost asked = wish.main() == null ? null : askedMain(wish.main());
    LinkSpread.Spread spread =
        wish.linkPart() == 0 ? null : LinkSpread.of(fleet, wish, this::isFit);
    if (spread != null) {
      return spread(spread);
    }
    FleetHost whole = asked == null ? fleet.smallest(wish.vmBytes(), this::isFit) : asked;
    if (whole != null && whole.usableBytes() >= wish.vmBytes()) {
      return unsplit(whole);
    }
    FleetHost main = asked == null ? largestMain() : checkedMain(asked);
    return split(main);
  }

  /** The host that must become the main host, if it may. */
  private FleetHost askedMain(String name) throws NoPlan {
    FleetHost host = fleet.host(name);
    if (host == null) {
      throw new NoPlan(0, "there is no host " + name);
    }
    String unfit = unfit(host);
    if (unfit == null && holders.contains(name)) {
      unfit = "holds a share of the VM";
    }
    if (unfit != null) {
      throw new NoPlan(0, "main host " + name + " cannot be used: it " + unfit);
    }
    return host;
  }

  /** Why a host gets nothing; null when it may. */
  private @Nullable String unfit(FleetHost host) {
    if (host.lost()) {
      return "is lost";
    }
    if (host.draining()) {
      return "is draining";
    }
    if (host.name().equals(wish.source())) {
      return "is the source";
    }
    if (wish.excluded().contains(host.name())) {
      return "is excluded";
    }
    for (String label : wish.apartFrom()) {
      if (host.labels().contains(label)) {
        return "is to be kept apart from " + label;
      }
    }
    return null;
  }

  /** Whether it can become the main host or a sub-host, and is neither yet. */
  private boolean isFit(FleetHost host) {
    return !holders.contains(host.name()) && unfit(host) == null;
  }

  private PlacementPlan unsplit(FleetHost main) {
    String reason =
        main.name().equals(wish.main())
            ? "asked for, and holds all %d MiB: a VM that fits is not split"
            : "of the hosts that hold all %d MiB the one with the least to spare: a VM that fits is"
                + " not split";
    long held = wish.shares().stream().mapToLong(PlacementWish.Share::heldBytes).sum();
    PlacementPlan.Choice choice =
        new PlacementPlan.Choice(
            main.name(),
            wish.vmBytes(),
            0,
            wish.residentBytes() + held,
            main.freeBytes(),
            reason.formatted(wish.vmBytes() >> 20));
    ExpectedTransfer transfer = new ExpectedTransfer(fleet);
    transfer.send(wish.source(), main.name(), wish.residentBytes());
    wish.shares().forEach(share -> transfer.send(share.host(), main.name(), share.heldBytes()));
    List<String> leaving = wish.shares().stream().map(PlacementWish.Share::host).sorted().toList();
    return new PlacementPlan(choice, List.of(), leaving, transfer.estimate());
  }

  /** The host with the most memory whose rest fits elsewhere. */
  private FleetHost largestMain() throws NoPlan {
    List<FleetHost> mains = fleet.largest(1, this::isFit);
    if (mains.isEmpty()) {
      throw new NoPlan(wish.vmBytes(), "no host may take it: " + census());
    }
    FleetHost first = checkedMain(mains.getFirst());
    SubHostChoice subs = subHosts();
    if (subs.missingWith(first) <= 0 || subs.isHopeless()) {
      return first;
    }
    // A smaller main host needs less memory to swap with: rarely, that makes the difference.
    Predicate<FleetHost> works =
        host -> isFit(host) && holdsWorkingSet(host.usableBytes()) && subs.missingWith(host) <= 0;
    List<FleetHost> other = fleet.largest(1, works);
    return other.isEmpty() ? first : other.getFirst();
  }

  private boolean holdsWorkingSet(long mainBytes) {
    return missingForWorkingSet(mainBytes) <= 0;
  }

  /** A main host that pages keeps some of its memory free for pages on their way in. */
  private long missingForWorkingSet(long mainBytes) {
    long headroom = ShareSizes.headroomBytes(mainBytes);
    return Math.max(wish.workingSetBytes(), headroom) + headroom - mainBytes;
  }

  private FleetHost checkedMain(FleetHost main) throws NoPlan {
    long missing = missingForWorkingSet(main.usableBytes());
    if (missing > 0) {
      String most = wish.main() == null ? "the most is on host %s" : "main host %s was asked for";
      throw new NoPlan(
          missing,
          ("the working set of %d MiB and %d MiB to swap with fit on no host: "
                  + most
                  + ", %d MiB; %d MiB are missing. %s")
              .formatted(
                  up(wish.workingSetBytes()),
                  up(ShareSizes.headroomBytes(main.usableBytes())),
                  main.name(),
                  main.usableBytes() >> 20,
                  up(missing),
                  census()));
    }
    return main;
  }

  private SubHostChoice subHosts() {
    return new SubHostChoice(fleet, wish, this::isFit);
  }

  private PlacementPlan split(FleetHost main) throws NoPlan {
    SubHostChoice choice = subHosts();
    long missing = choice.missingWith(main);
    if (missing > 0) {
      throw new NoPlan(
          missing,
          "no host holds all %d MiB, and with main host %s (%d MiB) %s: %d MiB are missing. %s"
              .formatted(
                  wish.vmBytes() >> 20,
                  main.name(),
                  main.usableBytes() >> 20,
                  choice.shortage(main),
                  up(missing),
                  census()));
    }
    return assemble(main, main.usableBytes(), mainReason(main), choice.choose(main));
  }

  private PlacementPlan spread(LinkSpread.Spread spread) {
    List<SubHostChoice.Sub> subs = new ArrayList<>();
    for (PlacementWish.Share share : wish.shares()) {
      FleetHost host = fleet.host(share.host());
      subs.add(SubHostChoice.grown(share, 0, host == null ? 0 : host.freeBytes()));
    }
    for (LinkSpread.Part part : spread.parts()) {
      FleetHost host = part.host();
      String reason = "gets its part while the others get theirs, " + link(host);
      subs.add(new SubHostChoice.Sub(host.name(), part.bytes(), 0, host.freeBytes(), reason));
    }
    String main =
        spread.parts().isEmpty()
            ? "takes all that leaves %s, ".formatted(wish.source())
            : "one of %d hosts, whose links together take %d Mbit/s of what %s gives, "
                .formatted(
                    spread.parts().size() + 1, mbit(spread.linkBytesPerSecond()), wish.source());
    return assemble(spread.main(), spread.mainBytes(), main + link(spread.main()), subs);
  }

  private static String link(FleetHost host) {
    return host.linkBytesPerSecond() == 0
        ? "by a link of unknown rate"
        : "by its link of %d Mbit/s".formatted(mbit((double) host.linkBytesPerSecond()));
  }

  private static long mbit(double bytesPerSecond) {
    return Math.round(bytesPerSecond * 8 / 1e6);
  }

  private PlacementPlan assemble(
      FleetHost main, long mainBytes, String mainReason, List<SubHostChoice.Sub> subs) {
    long headroom = mainBytes < wish.vmBytes() ? ShareSizes.headroomBytes(mainBytes) : 0;
    long toMain = Math.min(wish.residentBytes(), mainBytes - headroom);
    long rest = wish.residentBytes() - toMain;
    long added = subs.stream().mapToLong(SubHostChoice.Sub::addedBytes).sum();
    ExpectedTransfer transfer = new ExpectedTransfer(fleet);
    transfer.send(wish.source(), main.name(), toMain);
    List<PlacementPlan.Choice> choices = new ArrayList<>();
    for (SubHostChoice.Sub sub : subs) {
      long moved = added == 0 ? 0 : (long) ((double) rest * sub.addedBytes() / added);
      transfer.send(wish.source(), sub.host(), moved);
      choices.add(
          new PlacementPlan.Choice(
              sub.host(), sub.bytes(), sub.keptBytes(), moved, sub.freeBytes(), sub.reason()));
    }
    PlacementPlan.Choice choice =
        new PlacementPlan.Choice(main.name(), mainBytes, 0, toMain, main.freeBytes(), mainReason);
    return new PlacementPlan(choice, choices, List.of(), transfer.estimate());
  }

  private String mainReason(FleetHost main) {
    String set =
        wish.workingSetBytes() == 0
            ? "; how large its working set is, is not known"
            : ", and holds its working set of " + up(wish.workingSetBytes()) + " MiB";
    if (main.name().equals(wish.main())) {
      return "asked for" + set;
    }
    return "has the most memory, %d MiB%s; no host holds all %d MiB"
        .formatted(main.usableBytes() >> 20, set, wish.vmBytes() >> 20);
  }

  /** Which hosts were not looked at, for whoever must make room. */
  private String census() {
    Map<String, Integer> counts = new TreeMap<>();
    for (FleetHost host : fleet.all()) {
      String unfit = unfit(host);
      if (unfit != null && !host.name().equals(wish.source())) {
        counts.merge(unfit.substring("is ".length()), 1, Integer::sum);
      }
    }
    StringBuilder text = new StringBuilder();
    text.append("Hosts: ").append(fleet.size()).append(", the source included");
    counts.forEach((kind, count) -> text.append(", ").append(count).append(' ').append(kind));
    return text.toString();
  }

  static long up(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
