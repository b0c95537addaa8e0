package org.smemv.migration;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.smemv.placement.PageSize;
import org.smemv.placement.ShareSizes;

/**
 * One placement change: which host gets how much, and within which limits. The body moves, unless
 * the new main host is the source.
 *
 * @param vm the VM
 * @param name its name
 * @param epoch its epoch after the migration
 * @param vmBytes its memory
 * @param source the host that it runs on
 * @param main the new main host
 * @param mainBytes the memory it has there
 * @param shares what each sub-host that gets pages holds at most
 * @param staying sub-hosts that have pages of the VM already, and keep them
 * @param leaving sub-hosts that have pages of the VM, which the new main host takes from them
 * @param limits when to switch over, and when to give up
 */
public record MigrationPlan(
    UUID vm,
    String name,
    long epoch,
    long vmBytes,
    String source,
    String main,
    long mainBytes,
    List<HostControl.Share> shares,
    List<Staying> staying,
    List<Staying> leaving,
    Limits limits) {
  /** Sub-hosts of one VM at most, those that leave among them. */
  public static final int SUB_HOSTS_MAX = 64;

  /**
   * A sub-host that has pages already, of which none goes through the source.
   *
   * @param formerIndex its number in the page table at the source
   * @param formerBytes what it holds at most until now
   * @param share what it holds at most, with its number at the new main host, after the others; it
   *     keeps its number where the body stays
   */
  public record Staying(int formerIndex, long formerBytes, HostControl.Share share) {
    /** One that grants what it did. */
    public Staying(int formerIndex, HostControl.Share share) {
      this(formerIndex, share.bytes(), share);
    }

    /** Whether it is to grant more. */
    public boolean grows() {
      return share.bytes() > formerBytes;
    }
  }

  /** What moves before the VM runs at its new main host (section 3.1 of the paper). */
  public enum Mode {
    /** All pages. */
    PRECOPY,
    /** The body alone: pages follow on demand and in the background. */
    POSTCOPY,
    /** One round of pages, then as in post-copy. */
    HYBRID
  }

  /** What happens when a migration takes longer than it may. */
  public enum OnTimeout {
    /** The VM goes on at its source. */
    ABORT,
    /** The VM is stopped and switched over, however long its last pages take. */
    FORCE,
    /** What has not moved by then follows after the switch. */
    POSTCOPY
  }

  /**
   * How to move, when to switch over, and when to give up.
   *
   * @param mode what moves first; a running pre-copy may become a post-copy
   * @param downtimeMillis the longest stop that is aimed at
   * @param bytesPerSecondMax for all targets together; 0 for no limit
   * @param timeoutSeconds for the copying; 0 for none
   */
  public record Limits(
      Mode mode,
      long downtimeMillis,
      long bytesPerSecondMax,
      long timeoutSeconds,
      OnTimeout onTimeout) {}

  /** Checks what can be checked without asking anybody. */
  public MigrationPlan {
    shares = List.copyOf(shares);
    staying = List.copyOf(staying);
    leaving = List.copyOf(leaving);
    List<HostControl.Share> all = all(shares, staying, leaving);
    requireOtherHosts(shares, staying, leaving, source, main);
    if (source.equals(main)) {
      requireKeptNumbers(all, staying, leaving);
    } else {
      requireOrder(all);
    }
    requireNumberForRest(all, limits, !source.equals(main));
    long granted =
        mainBytes
            + all.stream()
                .filter(share -> !share.leaving())
                .mapToLong(HostControl.Share::bytes)
                .sum();
    if (granted < vmBytes) {
      throw new IllegalArgumentException(
          "VM %s has %d MiB, but main host and sub-hosts together get %d MiB"
              .formatted(name, vmBytes >> 20, granted >> 20));
    }
  }

  /** A sub-host that becomes the main host is no sub-host any more: its share leaves it. */
  private static void requireOtherHosts(
      List<HostControl.Share> shares,
      List<Staying> staying,
      List<Staying> leaving,
      String source,
      String main) {
    Set<String> names = new HashSet<>(Set.of(source));
    names.add(main);
    List<HostControl.Share> others = new ArrayList<>(all(shares, staying, leaving));
    others.removeIf(share -> share.leaving() && share.host().equals(main));
    for (HostControl.Share share : others) {
      if (!names.add(share.host())) {
        throw new IllegalArgumentException(
            share.host() + " is named twice, or is the source: every target is another host");
      }
    }
  }

  private static void requireOrder(List<HostControl.Share> all) {
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).index() != i) {
        throw new IllegalArgumentException(
            "sub-host %s has number %d, out of order"
                .formatted(all.get(i).host(), all.get(i).index()));
      }
    }
  }

  /** The page table stays, and with it the numbers in it. */
  private static void requireKeptNumbers(
      List<HostControl.Share> all, List<Staying> staying, List<Staying> leaving) {
    List<Staying> present = new ArrayList<>(staying);
    present.addAll(leaving);
    for (Staying before : present) {
      if (before.formerIndex() != before.share().index()) {
        throw new IllegalArgumentException(
            "sub-host %s has number %d, and cannot become number %d where the VM runs on"
                .formatted(before.share().host(), before.formerIndex(), before.share().index()));
      }
    }
    Set<Integer> numbers = new HashSet<>();
    for (HostControl.Share share : all) {
      if (share.index() >= SUB_HOSTS_MAX || !numbers.add(share.index())) {
        throw new IllegalArgumentException(
            "sub-host %s cannot have number %d: each has one of its own, and the highest is %d"
                .formatted(share.host(), share.index(), SUB_HOSTS_MAX - 1));
      }
    }
  }

  /** What is left at the source makes it one more sub-host: that must not be found out half-way. */
  private static void requireNumberForRest(
      List<HostControl.Share> all, Limits limits, boolean movesBody) {
    boolean leavesRest =
        movesBody && (limits.mode() != Mode.PRECOPY || limits.onTimeout() == OnTimeout.POSTCOPY);
    int most = leavesRest ? SUB_HOSTS_MAX - 1 : SUB_HOSTS_MAX;
    if (all.size() > most) {
      throw new IllegalArgumentException(
          "%d sub-hosts, those that leave among them: %d are possible%s"
              .formatted(
                  all.size(),
                  most,
                  leavesRest ? " in post-copy, as the source is one more: use pre-copy" : ""));
    }
  }

  /** Whether a running pre-copy may become a post-copy: the source becomes one more sub-host. */
  public boolean mayLeaveRest() {
    return movesBody() && parts().size() < SUB_HOSTS_MAX;
  }

  /** Whether the VM is to run on another host; else its pages alone change their places. */
  public boolean movesBody() {
    return !source.equals(main);
  }

  /** All sub-hosts of the VM right after the switch, in the order of their numbers. */
  public List<HostControl.Share> parts() {
    List<HostControl.Share> parts = all(shares, staying, leaving);
    parts.sort(Comparator.comparingInt(HostControl.Share::index));
    return List.copyOf(parts);
  }

  /**
   * The source as one more sub-host of the new main host, which holds what was left behind: its
   * number comes after all others.
   */
  public HostControl.Share rest() {
    return new HostControl.Share(parts().size(), source, vmBytes).thatLeaves();
  }

  /** The sub-hosts that the VM has now. */
  public List<Staying> present() {
    List<Staying> present = new ArrayList<>(staying);
    present.addAll(leaving);
    return present;
  }

  private static List<HostControl.Share> all(
      List<HostControl.Share> shares, List<Staying> staying, List<Staying> leaving) {
    List<HostControl.Share> all = new ArrayList<>(shares);
    staying.forEach(s -> all.add(s.share()));
    leaving.forEach(s -> all.add(s.share().thatLeaves()));
    return all;
  }

  /** Whether all pages come to the new main host, also those of sub-hosts, before it runs there. */
  public boolean isMerge() {
    return !leaving.isEmpty() && mainBytes >= vmBytes;
  }

  /**
   * The targets of pages in the order of their indexes. Of a split VM the main host is not filled
   * to the brim, so that pages can come in before others have gone.
   */
  public List<BodySource.Target> targets() {
    long filled =
        mainBytes >= vmBytes ? mainBytes : mainBytes - ShareSizes.headroomBytes(mainBytes);
    List<BodySource.Target> targets = new ArrayList<>();
    targets.add(new BodySource.Target(main, Math.max(0, filled) >>> PageSize.SHIFT));
    shares.forEach(s -> targets.add(new BodySource.Target(s.host(), s.bytes() >>> PageSize.SHIFT)));
    return targets;
  }
}
