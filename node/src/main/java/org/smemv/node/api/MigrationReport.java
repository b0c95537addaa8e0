package org.smemv.node.api;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.MigrationState;

/**
 * A migration under way or ended. Names follow QEMU's {@code query-migrate}.
 *
 * @param id of the migration
 * @param postCopy whether pages stay at the source, or have, to follow after the switch
 * @param reason why it was aborted or stalled; null otherwise
 * @param gather what is still on hosts that the VM leaves
 * @param converging false while pages are written faster than they can be sent
 * @param expectedDowntimeMillis if it switched over now; -1 while unknown
 * @param downtimeMillis from the guest's stop to its resumption; -1 before that
 * @param totalTimeMillis since the request, or until the end
 * @param setupTimeMillis before the first page was sent; -1 until then
 * @param etaMillis to the switch; -1 while unknown
 * @param targets a row per host that receives
 * @param failure why it was aborted: {@code CAPACITY} when a host had not the memory that the plan
 *     asks of it, before a page was sent; null unless it was aborted
 */
public record MigrationReport(
    String id,
    String vm,
    String source,
    MigrationState state,
    boolean postCopy,
    @Nullable String reason,
    Ram ram,
    Gather gather,
    boolean converging,
    long expectedDowntimeMillis,
    long downtimeMillis,
    long totalTimeMillis,
    long setupTimeMillis,
    long etaMillis,
    List<Target> targets,
    @Nullable ErrorCode failure) {
  public MigrationReport {
    targets = List.copyOf(targets);
  }

  /**
   * The guest's memory on its way.
   *
   * @param total bytes of guest RAM
   * @param transferred bytes sent
   * @param remaining bytes still to send
   * @param duplicate zero pages
   * @param normal pages sent with contents
   * @param mbps 10^6 bits per second, lately
   * @param pagesPerSecond sent, lately
   * @param dirtyPagesRate written by the guest per second
   * @param dirtySyncCount rounds over the memory
   */
  public record Ram(
      long total,
      long transferred,
      long remaining,
      long duplicate,
      long normal,
      double mbps,
      double pagesPerSecond,
      double dirtyPagesRate,
      long dirtySyncCount) {}

  /**
   * What the new main host still has to take, or have taken, from hosts that the VM leaves; after
   * the switch a migration lasts until nothing is left of it.
   *
   * @param remaining bytes, copies that are still to be dropped there among them
   * @param mbps 10^6 bits per second that left there lately, by whichever way
   */
  public record Gather(long remaining, double mbps) {
    /** Nothing. */
    public static final Gather NONE = new Gather(0, 0);
  }

  /**
   * One receiving host.
   *
   * @param pages that are placed there
   * @param bytes sent to it, repeated pages counted again
   * @param mbps 10^6 bits per second, lately
   */
  public record Target(String host, TargetRole role, long pages, long bytes, double mbps) {}
}
