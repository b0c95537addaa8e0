package org.smemv.node.agent;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A move under way: its thread says how it goes on, others read that or ask it to stop. */
final class DrainMove {
  private final double linkPart;
  private volatile List<String> to = List.of();
  private volatile @Nullable String migration;
  private volatile @Nullable String trouble;
  private volatile boolean cancelled;

  /**
   * A move that begins.
   *
   * @param linkPart of this host's link that it may use, over 0 to 1
   */
  DrainMove(double linkPart) {
    this.linkPart = linkPart;
  }

  double linkPart() {
    return linkPart;
  }

  /** Where it goes, the main host first. */
  void goesTo(List<String> hosts) {
    to = List.copyOf(hosts);
  }

  /** The migration that does it. */
  void by(String migrationId) {
    migration = migrationId;
  }

  /** Why it does not go on at this moment; null when it does. */
  void trouble(@Nullable String reason) {
    trouble = reason;
  }

  /** It is to stop if that is still possible. */
  void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  List<String> to() {
    return to;
  }

  @Nullable String migration() {
    return migration;
  }

  @Nullable String trouble() {
    return trouble;
  }
}
