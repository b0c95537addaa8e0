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
 * @param shares what each sub-host holds at most
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
    Limits limits) {

  /** What happens when a migration takes longer than it may. */
  public enum OnTimeout {
    /** The VM goes on at its source. */
    ABORT,
    /** The VM is stopped and switched over, however long its last pages take. */
    FORCE
  }

  /**
   * When to switch over, and when to give up.
   *
   * @param downtimeMillis the longest stop that is aimed at
   * @param bytesPerSecondMax for all targets together; 0 for no limit
   * @param timeoutSeconds for the copying; 0 for none
   */
  public record Limits(
      long downtimeMillis, long bytesPerSecondMax, long timeoutSeconds, OnTimeout onTimeout) {}

  /** Checks what can be checked without asking anybody. */
  public MigrationPlan {
    shares = List.copyOf(shares);
    if (source.equals(main)) {
      throw new IllegalArgumentException(
          "VM " + name + " runs on " + source + " already: choose another main host");
    }
    List<String> names = new ArrayList<>();
    names.add(source);
    names.add(main);
    long granted = mainBytes;
    for (HostControl.Share share : shares) {
      if (names.contains(share.host())) {
        throw new IllegalArgumentException(
            share.host() + " is named twice, or is the source: every target is another host");
      }
      names.add(share.host());
      granted += share.bytes();
    }
    if (granted < vmBytes) {
      throw new IllegalArgumentException(
          "VM %s has %d MiB, but main host and sub-hosts together get %d MiB"
              .formatted(name, vmBytes >> 20, granted >> 20));
    }
  }

  /**
   * The targets in the order of their indexes. Of a split VM the main host is not filled to the
   * brim, so that pages can come in before others have gone.
   */
  public List<BodySource.Target> targets() {
    long filled = shares.isEmpty() ? mainBytes : mainBytes - ShareSizes.headroomBytes(mainBytes);
    List<BodySource.Target> targets = new ArrayList<>();
    targets.add(new BodySource.Target(main, Math.max(0, filled) >>> PageSize.SHIFT));
    shares.forEach(s -> targets.add(new BodySource.Target(s.host(), s.bytes() >>> PageSize.SHIFT)));
    return targets;
  }
}
