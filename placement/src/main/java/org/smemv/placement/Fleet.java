package org.smemv.placement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All hosts, in the order of the memory that a planner may use, so that a decision looks at a few
 * of them only. The order in which they were given does not matter; among equal hosts the one whose
 * name comes first is preferred. One thread.
 */
public final class Fleet {
  /** Equal ones with the first name last, as they are looked at from the end. */
  private static final Comparator<FleetHost> ORDER =
      Comparator.comparingLong(FleetHost::usableBytes)
          .thenComparing(FleetHost::name, Comparator.reverseOrder());

  private final FleetHost[] hosts;
  private final long[] usable;
  private final Map<String, FleetHost> byName = new HashMap<>();

  /**
   * A fleet.
   *
   * @throws IllegalArgumentException when two hosts have the same name
   */
  public Fleet(Collection<FleetHost> hosts) {
    this.hosts = hosts.toArray(FleetHost[]::new);
    Arrays.sort(this.hosts, ORDER);
    this.usable = new long[this.hosts.length];
    for (int i = 0; i < usable.length; i++) {
      usable[i] = this.hosts[i].usableBytes();
      if (byName.put(this.hosts[i].name(), this.hosts[i]) != null) {
        throw new IllegalArgumentException("host " + this.hosts[i].name() + " is there twice");
      }
    }
  }

  /** Null when there is no such host. */
  public @Nullable FleetHost host(String name) {
    return byName.get(name);
  }

  /** How many hosts there are. */
  public int size() {
    return hosts.length;
  }

  /**
   * The fitting host with the least usable memory that has at least so much: the best fit.
   *
   * @return null when there is none
   */
  @Nullable FleetHost smallest(long atLeastBytes, Predicate<FleetHost> fits) {
    int from = firstWith(atLeastBytes);
    while (from < hosts.length) {
      int end = firstWith(usable[from] + 1);
      for (int i = end - 1; i >= from; i--) {
        if (fits.test(hosts[i])) {
          return hosts[i];
        }
      }
      from = end;
    }
    return null;
  }

  /** The fitting hosts with the most usable memory, most first; none without any. */
  List<FleetHost> largest(int count, Predicate<FleetHost> fits) {
    List<FleetHost> found = new ArrayList<>();
    for (int i = hosts.length - 1; i >= 0 && found.size() < count && usable[i] > 0; i--) {
      if (fits.test(hosts[i])) {
        found.add(hosts[i]);
      }
    }
    return found;
  }

  /** All hosts, those with the least usable memory first. */
  List<FleetHost> all() {
    return Collections.unmodifiableList(Arrays.asList(hosts));
  }

  private int firstWith(long bytes) {
    int low = 0;
    int high = usable.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (usable[middle] < bytes) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * Takes what a plan uses from the hosts of this view, so that the next plan does not count on it.
   *
   * @param vm also a label of these hosts from now on
   */
  public void take(String vm, PlacementPlan plan) {
    take(vm, plan.main());
    plan.subs().forEach(sub -> take(vm, sub));
  }

  private void take(String vm, PlacementPlan.Choice choice) {
    FleetHost before = byName.get(choice.host());
    if (before == null) {
      throw new IllegalArgumentException("no host " + choice.host() + " in the fleet");
    }
    replace(before, before.with(vm, choice.grantBytes() - choice.keptBytes()));
  }

  /** The new one has less: it moves towards the front, and those between move back by one. */
  private void replace(FleetHost before, FleetHost after) {
    int from = Arrays.binarySearch(hosts, before, ORDER);
    int to = -Arrays.binarySearch(hosts, 0, from, after, ORDER) - 1;
    if (to < 0) { // nothing was taken: the same place
      to = from;
    }
    System.arraycopy(hosts, to, hosts, to + 1, from - to);
    System.arraycopy(usable, to, usable, to + 1, from - to);
    hosts[to] = after;
    usable[to] = after.usableBytes();
    byName.put(after.name(), after);
  }
}
