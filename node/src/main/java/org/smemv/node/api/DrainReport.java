package org.smemv.node.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a host is with emptying itself.
 *
 * @param host its name
 * @param state of the whole
 * @param atOnce how many are moved at the same time
 * @param mode how VMs move
 * @param fast whether it is to be left as fast as its link allows
 * @param items what is there, and what was since the agent or the drain began, the oldest first
 */
public record DrainReport(
    String host,
    State state,
    int atOnce,
    @Nullable MigrationMode mode,
    boolean fast,
    List<Item> items) {
  public DrainReport {
    items = List.copyOf(items);
  }

  /** Of the whole. */
  public enum State {
    /** It takes what is new. */
    OFF,
    /** Something moves, or will be tried soon. */
    MOVING,
    /** What is left was tried more than once, or waits; it is tried again every 30 s. */
    STUCK,
    /** Nothing is left. */
    EMPTY
  }

  /** What it is that has to go. */
  public enum Kind {
    /** A VM that runs there. */
    VM,
    /** Memory held for a VM that runs elsewhere. */
    SHARE,
    /** Memory that a VM left when it moved on; its new host fetches it. */
    LEFT,
    /** Memory granted to something that has not come yet. */
    RESERVATION
  }

  /** How far one of them is. */
  public enum ItemState {
    /** Others are moved first, or it is in the middle of something else. */
    WAITING,
    MOVING,
    /** It was tried and failed; it will be tried again. */
    FAILED,
    /** Nothing of it is there any more. */
    MOVED
  }

  /**
   * One thing that has to go.
   *
   * @param vm the VM's name, or its id where the name is not known
   * @param bytes of memory that it has there
   * @param to where it goes, the main host first; empty while that is not known
   * @param migration the id of its migration, for a VM; null when there is none
   * @param reason why it failed, waits or does not go on; null otherwise
   * @param attempts how often it was tried
   * @param retryMillis until it is tried again; 0 when that is not planned
   */
  public record Item(
      Kind kind,
      String vm,
      ItemState state,
      long bytes,
      List<String> to,
      @Nullable String migration,
      @Nullable String reason,
      int attempts,
      long retryMillis) {
    public Item {
      to = List.copyOf(to);
    }
  }

  /** What has not gone yet. */
  public List<Item> left() {
    return items.stream().filter(item -> item.state() != ItemState.MOVED).toList();
  }
}
