package org.smemv.node.api;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.Name;

/**
 * Moves a VM to a main host and any number of sub-hosts.
 *
 * @param mainHost where the VM runs afterwards
 * @param mainMemoryBytes the most of its memory that may be on the main host, whole pages; 0 means
 *     all of it
 * @param subs may be empty or null; a host at most once, and not the main host
 * @param mode null means pre-copy
 * @param downtimeLimitMillis the pause to aim for; 0 means 300
 * @param maxBandwidth bytes per second over all targets, of what is sent before the VM switches
 *     over; 0 means no limit
 * @param timeoutSeconds for the copying, from the first page to the stop of the VM; 0 means none
 * @param onTimeout null means abort
 * @param dryRun only make the plan
 */
public record MigrateVm(
    String mainHost,
    long mainMemoryBytes,
    @Nullable List<SubShare> subs,
    @Nullable MigrationMode mode,
    long downtimeLimitMillis,
    long maxBandwidth,
    long timeoutSeconds,
    @Nullable TimeoutAction onTimeout,
    boolean dryRun) {
  /** What QEMU and libvirt use. */
  public static final long DOWNTIME_LIMIT_MILLIS_DEFAULT = 300;

  private static final long DOWNTIME_LIMIT_MILLIS_MAX = 60_000;
  private static final long TIMEOUT_SECONDS_MAX = 7L * 24 * 3600;
  private static final int SUBS_MAX = 64;

  /** 1 Mbit/s: pages travel in pieces of 256 KiB, and nobody should wait long for one to end. */
  private static final long BANDWIDTH_MIN = 125_000;

  public MigrateVm {
    Name.require("main host", mainHost);
    if (mainMemoryBytes != 0) {
      RequestCheck.pages("main memory", mainMemoryBytes);
    }
    subs = List.copyOf(subs == null ? List.of() : subs);
    checkSubs(mainHost, subs);
    downtimeLimitMillis =
        downtimeLimitMillis == 0 ? DOWNTIME_LIMIT_MILLIS_DEFAULT : downtimeLimitMillis;
    RequestCheck.range("downtime limit", downtimeLimitMillis, 1, DOWNTIME_LIMIT_MILLIS_MAX, "ms");
    if (maxBandwidth != 0) {
      RequestCheck.range(
          "max bandwidth", maxBandwidth, BANDWIDTH_MIN, Size.BYTES_MAX, "bytes per second");
    }
    RequestCheck.range("timeout", timeoutSeconds, 0, TIMEOUT_SECONDS_MAX, "seconds");
    mode = mode == null ? MigrationMode.PRECOPY : mode;
    if (mode == MigrationMode.POSTCOPY && maxBandwidth != 0) {
      throw new IllegalArgumentException(
          "max bandwidth limits what is sent before the VM switches over, which in post-copy is nothing: leave it out");
    }
    onTimeout = onTimeout == null ? TimeoutAction.ABORT : onTimeout;
  }

  /** Few enough, each once, and none of them the main host. */
  static void checkSubs(@Nullable String mainHost, List<SubShare> subs) {
    if (subs.size() > SUBS_MAX) {
      throw new IllegalArgumentException(subs.size() + " sub-hosts: " + SUBS_MAX + " is the limit");
    }
    Set<String> seen = new HashSet<>();
    for (SubShare sub : subs) {
      if (sub.host().equals(mainHost)) {
        throw new IllegalArgumentException(
            "host " + mainHost + " cannot be main host and sub-host of the same migration");
      }
      if (!seen.add(sub.host())) {
        throw new IllegalArgumentException("sub-host " + sub.host() + " is given twice");
      }
    }
  }
}
