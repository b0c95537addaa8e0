package org.smemv.migration;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;

/**
 * The memory that a plan takes on its hosts: reserved before anything moves, kept once it is to
 * stay, given back when the migration comes to nothing. The migration's thread.
 */
final class Reservations {
  private static final Logger log = LoggerFactory.getLogger(Reservations.class);

  private final MigrationPlan plan;
  private final Orders orders;

  /** All that reserve memory: the new main host, if the body moves, and the new sub-hosts. */
  private final Map<String, HostControl> hosts = new LinkedHashMap<>();

  /** The sub-hosts that the VM has already: those that stay and those that leave. */
  private final Map<String, HostControl> present = new LinkedHashMap<>();

  /**
   * @param main null when the body stays
   * @param subs by name; all that the plan names
   */
  Reservations(
      MigrationPlan plan,
      @Nullable HostControl main,
      Map<String, HostControl> subs,
      Orders orders) {
    this.plan = plan;
    this.orders = orders;
    if (main != null) {
      hosts.put(plan.main(), main);
    }
    plan.shares().forEach(s -> hosts.put(s.host(), named(subs, s.host())));
    plan.present().forEach(s -> present.put(s.share().host(), named(subs, s.share().host())));
  }

  private static HostControl named(Map<String, HostControl> hosts, String name) {
    HostControl host = hosts.get(name);
    if (host == null) {
      throw new IllegalStateException("the plan names " + name + ", which was not given");
    }
    return host;
  }

  /** The new main host. */
  HostControl main() {
    return named(hosts, plan.main());
  }

  /** Memory for the body's new place, and the pages there. */
  void reserveMain() throws HostException {
    main().reserve(reservation(Role.MAIN, plan.mainBytes(), plan.epoch()));
  }

  /**
   * Memory on the new sub-hosts.
   *
   * @param pagesFrom the oldest epoch that pages come with
   */
  void reserveShares(long pagesFrom) throws HostException, GivenUp {
    for (HostControl.Share share : plan.shares()) {
      orders.stopIfCancelled();
      named(hosts, share.host()).reserve(reservation(Role.SUB, share.bytes(), pagesFrom));
    }
  }

  private Reservation reservation(Role role, long bytes, long pagesFrom) {
    return new Reservation(
        plan.vm(),
        plan.name(),
        plan.epoch(),
        role,
        bytes,
        plan.vmBytes(),
        plan.source(),
        plan.main(),
        pagesFrom);
  }

  /** Sub-hosts that stay, and are to have more, grant it. */
  void growShares() throws HostException, GivenUp {
    for (MigrationPlan.Staying staying : plan.staying()) {
      if (staying.grows()) {
        orders.stopIfCancelled();
        named(present, staying.share().host())
            .resize(plan.vm(), plan.epoch(), staying.share().bytes());
      }
    }
  }

  /** Present sub-hosts learn who may be the main host soon: they ask it, too, before they free. */
  void announceMove() throws HostException {
    for (HostControl host : present.values()) {
      host.mayMove(plan.vm(), plan.epoch(), plan.main());
    }
  }

  /** What the new sub-hosts have is theirs to keep, until they are told otherwise. */
  void keepShares() throws HostException {
    for (HostControl.Share share : plan.shares()) {
      named(hosts, share.host()).keep(plan.vm(), plan.epoch());
    }
  }

  /** The migration came to nothing. A host that cannot be told finds out by itself. */
  void giveBack() {
    for (Map.Entry<String, HostControl> host : hosts.entrySet()) {
      try {
        if (host.getKey().equals(plan.main())) {
          host.getValue().turnBack(plan.vm(), plan.epoch());
        } else {
          host.getValue().release(plan.vm(), plan.epoch());
        }
      } catch (HostException | RuntimeException | VirtualMachineError e) {
        log.info("VM {}: a reservation lapses by itself: {}", plan.name(), e.getMessage());
      }
    }
  }

  /** Sub-hosts that stay grant again what they did before {@link #growShares}. */
  void shrinkShares() {
    for (MigrationPlan.Staying staying : plan.staying()) {
      try {
        if (staying.grows()) {
          named(present, staying.share().host())
              .undoResize(plan.vm(), plan.epoch(), staying.formerBytes());
        }
      } catch (HostException | RuntimeException | VirtualMachineError e) {
        log.warn("VM {}: more is reserved than it uses: {}", plan.name(), e.getMessage());
      }
    }
  }
}
