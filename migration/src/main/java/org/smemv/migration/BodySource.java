package org.smemv.migration;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The VM at its present host, as a migration sees it: its memory, which is sent to the targets in
 * rounds, and its body. One thread calls, except {@link #progress()}.
 */
public interface BodySource {
  /** Where pages go; index 0 is the main host, index i+1 sub-host i. */
  record Target(String host, long pages) {}

  /**
   * What a round did.
   *
   * @param sentBytes bytes of page contents sent
   * @param nanos how long it took
   * @param remainingPages pages that must be sent again, or were written meanwhile
   * @param dirtiedPages pages that were written during the round
   * @param lookNanos how long it took to find out which pages were written
   */
  record Round(long sentBytes, long nanos, long remainingPages, long dirtiedPages, long lookNanos) {
    /** Bytes per second, at least 1. */
    public double bytesPerSecond() {
      return Math.max(1, sentBytes * 1e9 / Math.max(1, nanos));
    }
  }

  /**
   * How far a target is.
   *
   * @param pages pages with contents that it has
   * @param zeroPages pages of zeros that it was told of
   * @param bytes bytes sent to it, repeated pages included
   */
  record TargetProgress(String host, long pages, long zeroPages, long bytes) {}

  /** The whole state of the copying, for reports; any thread. */
  record Progress(
      long totalPages,
      long sentPages,
      long zeroPages,
      long sentBytes,
      long remainingPages,
      List<TargetProgress> targets) {}

  /**
   * What is still to move: of a plan without a move of the body, or to a new main host.
   *
   * @param pages on sub-hosts that leave, and, where the body stays, beyond what may be here; 0
   *     when all is as planned, or the VM has ended there
   * @param why what keeps them from moving at the moment; null when nothing does
   */
  record Unmoved(long pages, @Nullable String why) {}

  /**
   * Begins to watch the VM's writes; returns at once, so that the targets can prepare meanwhile.
   */
  void watch() throws HostException;

  /**
   * Once the targets are prepared: decides by what was watched which page goes to which target of
   * the plan. Before that, pages may have to leave for other sub-hosts, which takes its time.
   *
   * @param enough is asked meanwhile; a yes ends it early, and nothing but {@link #giveUp} follows
   * @throws HostException when a target cannot be reached or the pages do not fit
   */
  void begin(BooleanSupplier enough) throws HostException;

  /**
   * Sends every page that is due to its target, all targets in parallel.
   *
   * @param enough is asked all the time; when it says yes, the round ends early, and the pages that
   *     it did not come to remain
   * @throws HostException when a target is lost or full, or the VM has ended
   */
  Round copy(BooleanSupplier enough) throws HostException;

  /**
   * Lets the new main host connect to this one, so that pages can be left here. There is nothing to
   * be had until the VM stands.
   */
  void offerRest() throws HostException;

  /**
   * From now on every page that is due stays here, and the new main host is told so, which has
   * connected by now. There is no way back but {@link #giveUp()}.
   *
   * @param indexThere the number of this host at the new main host
   */
  void leaveRest(int indexThere) throws HostException;

  /**
   * Stops the VM at the point where its device state is about to be sent.
   *
   * @return when it stopped, on the migration's clock
   */
  long pause() throws HostException;

  /**
   * With the VM stopped: sends what was written last, and tells the main host where all pages are.
   * Pages that are left here can be had from then on.
   *
   * @param enough is asked all the time; a yes ends it early
   * @return false when it was ended early
   */
  boolean copyLast(BooleanSupplier enough) throws HostException;

  /**
   * Sends the device state; returns when the new main host has taken it.
   *
   * @param enough is asked all the time; a yes ends it early
   * @return false when it was ended early
   */
  boolean sendBody(BooleanSupplier enough) throws HostException;

  /** Before commit: gives up the copying and lets the VM run on here. Never fails half-way. */
  void giveUp();

  /**
   * Notes durably that the new main host may have committed when this agent has died and is back:
   * the VM must not be let run here then before that host was asked.
   */
  void aboutToCommit(String mainHost, long epoch) throws HostException;

  /**
   * After commit: ends the stopped VM here and frees its memory, but for pages that were left here:
   * these stay until the new main host has all of them.
   */
  void retire();

  /** The epoch that the VM's pages are stored with at its sub-hosts while the body stays. */
  long pagesEpoch();

  /**
   * Without a move of the body: the VM's sub-hosts and the memory that it has here are those of the
   * plan from now on. Durable when it returns; pages move afterwards, while the VM runs.
   *
   * @throws HostException when nothing has changed
   */
  void rearrange(MigrationPlan plan) throws HostException;

  /** After {@link #rearrange}: what has not moved yet. */
  Unmoved unmoved();

  /** How far the copying is. */
  Progress progress();
}
