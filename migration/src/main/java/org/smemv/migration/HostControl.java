package org.smemv.migration;

import java.util.List;
import java.util.UUID;
import org.smemv.placement.Name;

/**
 * Everything that a migration asks of a target host. Each call answers within a time-out of its own
 * and may be repeated: asking twice for the same thing changes nothing more.
 */
public interface HostControl {
  /** What a target is in the new placement. */
  enum Role {
    /** Runs the VM and holds its hot pages. */
    MAIN,
    /** Holds pages. */
    SUB
  }

  /**
   * Memory wanted of a host.
   *
   * @param epoch the VM's epoch after the migration
   * @param bytes the memory
   * @param vmBytes the size of the VM
   * @param source the name of the host that the VM leaves, which alone asks {@link #decided}
   * @param mainHost the name of the main host, which is asked whether a share is still wanted
   * @param pagesFrom the oldest epoch of page frames that are let in: {@code epoch}, or an older
   *     one if the VM's pager goes on, as it stores pages with its own at all sub-hosts
   */
  record Reservation(
      UUID vm,
      String name,
      long epoch,
      Role role,
      long bytes,
      long vmBytes,
      String source,
      String mainHost,
      long pagesFrom) {
    /** For a VM that moves: no page of an older epoch is let in. */
    public Reservation(
        UUID vm,
        String name,
        long epoch,
        Role role,
        long bytes,
        long vmBytes,
        String source,
        String mainHost) {
      this(vm, name, epoch, role, bytes, vmBytes, source, mainHost, epoch);
    }

    /**
     * Reservations come over the network: a name becomes a file's, a size a grant.
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    public Reservation {
      if (vm == null || role == null) {
        throw new IllegalArgumentException("a reservation needs a VM and a role");
      }
      Name.require("VM", name);
      Name.require("source host", source);
      Name.require("main host", mainHost);
      ReservationCheck.epoch(epoch);
      ReservationCheck.pagesFrom(pagesFrom, epoch);
      ReservationCheck.bytes("memory", bytes, 1);
      ReservationCheck.bytes("VM", vmBytes, 4096);
    }
  }

  /**
   * A sub-host, as the new main host needs to know it.
   *
   * @param index its number in the page table
   * @param leaving its pages are to go elsewhere, and it gets no new ones
   */
  record Share(int index, String host, long bytes, boolean leaving) {
    /** One that has pages, and gets some. */
    public Share(int index, String host, long bytes) {
      this(index, host, bytes, false);
    }

    /** The same, whose pages are to go elsewhere. */
    public Share thatLeaves() {
      return new Share(index, host, bytes, true);
    }

    /**
     * As a reservation, it comes over the network.
     *
     * @throws IllegalArgumentException naming what is wrong
     */
    public Share {
      if (index < 0 || index > INDEX_MAX) {
        throw new IllegalArgumentException("sub-host " + index + ": 0 to 65535 are possible");
      }
      Name.require("sub-host", host);
      ReservationCheck.bytes("share", bytes, 1);
    }

    /** Page tables have 16 bits for it. */
    private static final int INDEX_MAX = 0xffff;
  }

  /** The host's name. */
  String name();

  /** Takes the memory from what the host can grant. It lapses when nobody uses it for a while. */
  void reserve(Reservation reservation) throws HostException;

  /** Main host: starts a QEMU that waits for the body, and connects to the sub-hosts. */
  void prepare(UUID vm, long epoch, String body, List<Share> shares) throws HostException;

  /**
   * Main host: a part of the memory is to stay at the source, which becomes one more sub-host, and
   * leaves. Returns when that host is connected to it.
   *
   * @param rest the source, with its number in the page table
   */
  void expectRest(UUID vm, long epoch, Share rest) throws HostException;

  /**
   * Sub-host that has pages already, and keeps them: the VM may soon belong to this main host too.
   * Until {@link #adopt}, all that may be its main host are asked before the pages are ever freed.
   *
   * @param epoch of the migration
   */
  void mayMove(UUID vm, long epoch, String mainHost) throws HostException;

  /** Sub-host: the VM belongs to this main host now, and to no older one. */
  void adopt(UUID vm, long epoch, String mainHost) throws HostException;

  /** Sub-host: keeps the pages from now on until they are released, whoever is connected or not. */
  void keep(UUID vm, long epoch) throws HostException;

  /**
   * Sub-host: grants more or less for a share that is kept. Less than it holds is refused, and so
   * is what comes after something newer: a late request must not undo it.
   *
   * @param epoch of the change, which asks a host for one size
   * @param bytes the whole grant from now on
   */
  void resize(UUID vm, long epoch, long bytes) throws HostException;

  /**
   * Sub-host: the change of this epoch came to nothing; the share is as it was. A {@link #resize}
   * of it that is still on its way is refused from now on.
   *
   * @param bytes the whole grant from now on
   */
  void undoResize(UUID vm, long epoch, long bytes) throws HostException;

  /**
   * Main host: pages that are still at sub-hosts which are leaving, or may be, and what keeps them
   * there. No pages also when the VM has no such sub-host any more.
   */
  BodySource.Unmoved toGather(UUID vm, long epoch) throws HostException;

  /**
   * Main host: from now on the VM is here and nowhere else. Durable when it returns.
   *
   * @throws HostException when the host refused, or is not known to have done it
   */
  void commit(UUID vm, long epoch) throws HostException;

  /** Main host: whether {@link #commit} was done; the answer stays the same. */
  boolean decided(UUID vm, long epoch) throws HostException;

  /** Main host: lets the VM run. */
  void resume(UUID vm, long epoch) throws HostException;

  /** Main host: the VM does not come. Gives back the memory, and a QEMU that waits. */
  void turnBack(UUID vm, long epoch) throws HostException;

  /** Sub-host: gives back the memory with all pages; or, where a VM left its memory, that. */
  void release(UUID vm, long epoch) throws HostException;
}
