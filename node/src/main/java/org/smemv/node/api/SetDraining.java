package org.smemv.node.api;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Has a host emptied, or ends that.
 *
 * @param draining whether it refuses what is new and moves away what is there
 * @param atOnce how many VMs and shares are moved at the same time, 1 to 64; 0 means 2, or 64 when
 *     fast
 * @param mode how VMs move; null means pre-copy
 * @param fast leave as fast as this host's link allows: all at once, nothing is gathered first
 */
public record SetDraining(
    boolean draining, int atOnce, @Nullable MigrationMode mode, boolean fast) {
  private static final int AT_ONCE_DEFAULT = 2;
  private static final int AT_ONCE_MAX = 64;

  public SetDraining {
    atOnce = atOnce == 0 ? (fast ? AT_ONCE_MAX : AT_ONCE_DEFAULT) : atOnce;
    RequestCheck.range("at once", atOnce, 1, AT_ONCE_MAX, "VMs and shares");
    mode = mode == null ? MigrationMode.PRECOPY : mode;
    if (fast && mode != MigrationMode.PRECOPY) {
      throw new IllegalArgumentException(
          "a fast drain is a pre-copy, as memory that follows later keeps this host in use: leave out the mode");
    }
  }

  /** With what is usual. */
  public SetDraining(boolean draining) {
    this(draining, 0, null, false);
  }

  /** How VMs move; never null. */
  public MigrationMode modeOrDefault() {
    return Objects.requireNonNull(mode);
  }
}
