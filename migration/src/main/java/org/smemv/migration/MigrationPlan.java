package org.smemv.migration;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.smemv.placement.PageSize;
import org.smemv.placement.ShareSizes;

/**
 * One placement change with a move of the body: which host gets how much, and within which limits.
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

  /**
   * A sub-host that has pages already, of which none goes through the source.
   *
   * @param formerIndex its number in the page table at the source
   * @param share what it holds at most, with its number at the new main host, after the others
   */
  public record Staying(int formerIndex, HostControl.Share share) {}

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
    if (source.equals(main)) {
      throw new IllegalArgumentException(
          "VM " + name + " runs on " + source + " already: choose another main host");
    }
    List<String> names = new ArrayList<>();
    names.add(source);
    names.add(main);
    long granted = mainBytes;
    for (HostControl.Share share : all(shares, staying, leaving)) {
      if (names.contains(share.host())) {
        throw new IllegalArgumentException(
            share.host() + " is named twice, or is the source: every target is another host");
      }
      if (share.index() != names.size() - 2) {
        throw new IllegalArgumentException(
            "sub-host " + share.host() + " has number " + share.index() + ", out of order");
      }
      names.add(share.host());
      granted += share.leaving() ? 0 : share.bytes();
    }
    if (granted < vmBytes) {
      throw new IllegalArgumentException(
          "VM %s has %d MiB, but main host and sub-hosts together get %d MiB"
              .formatted(name, vmBytes >> 20, granted >> 20));
    }
  }

  /** All sub-hosts of the VM right after the switch, in the order of their numbers. */
  public List<HostControl.Share> parts() {
    return all(shares, staying, leaving);
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
