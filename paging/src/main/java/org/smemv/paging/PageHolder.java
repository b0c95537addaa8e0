package org.smemv.paging;

import java.util.UUID;

/**
 * The pages of one VM on this host, as the page server sees them: a sub-host's store, or the memory
 * of a VM that is about to run here or has just left.
 *
 * <p>A PUT is {@link #prepare}, then bytes from the network straight to the addresses that it gave,
 * then {@link #publish}, or {@link #abandon} when the bytes did not come, were wrong, or publish
 * refused. A GET is {@link #find}, bytes to the network, {@link #release}. Any number of threads
 * may do so at once, each with its own batch. Refusals are {@link FrameException}s, which change
 * nothing and go back to the peer.
 */
public interface PageHolder {
  /** The VM. */
  UUID vm();

  /**
   * Lets a frame of this epoch in, and keeps older ones out from now on: when it returns, nothing
   * of an older epoch is published any more.
   *
   * @throws FrameException STALE_EPOCH when a newer one was seen, UNKNOWN_VM when the VM is gone
   */
  void admit(long epoch);

  /**
   * Lets a frame in that only reads, of this holder's epoch or a newer one, which it keeps to
   * itself: a new main host may read before it is certain that it takes over, and fences nobody off
   * by it.
   *
   * @throws FrameException STALE_EPOCH when a newer one was seen, UNKNOWN_VM when the VM is gone
   */
  default void admitReader(long epoch) {
    admit(epoch);
  }

  /**
   * Gives every page of the batch that has contents an address for its 4096 bytes. What is stored
   * now stays as it is.
   *
   * @throws FrameException CAPACITY or REFUSED; no address is held
   */
  void prepare(PageBatch put);

  /**
   * Makes the pages of a prepared batch what this host holds, all of them or none.
   *
   * @throws FrameException STALE_EPOCH, CAPACITY or UNKNOWN_VM; the batch is still to be abandoned
   */
  void publish(PageBatch put);

  /** Gives up the addresses of a prepared batch. */
  void abandon(PageBatch put);

  /**
   * Looks the pages from index {@code from} on up: sets flags (ZERO, ABSENT), checksum and address,
   * and keeps the bytes unchanged until {@link #release}. Takes no lock.
   */
  void find(PageBatch get, int from);

  /** Ends the use of the addresses of all pages in the batch. */
  void release(PageBatch get);

  /**
   * Forgets pages; an absent one is fine.
   *
   * @throws FrameException STALE_EPOCH or UNKNOWN_VM; nothing is forgotten
   */
  void drop(PageBatch pages);

  /**
   * Says of each page what is held under its number: ABSENT, or a checksum. Takes no lock.
   *
   * @throws FrameException REFUSED where pages of the VM do not stay
   */
  default void look(PageBatch pages) {
    throw notHere();
  }

  /**
   * As {@link #publish}, but stores only pages under whose number nothing is held, and leaves those
   * out that the batch calls absent. Of the pages left out the batch is still to be abandoned.
   *
   * @throws FrameException STALE_EPOCH, CAPACITY or UNKNOWN_VM; nothing was stored
   */
  default void publishMissing(PageBatch put) {
    throw notHere();
  }

  /**
   * Finds what is held from a page number on, ascending, with checksums. Takes no lock.
   *
   * @param max pages to find, 1..256
   * @return where to go on; 0 when there are no more
   * @throws FrameException REFUSED where pages of the VM do not stay
   */
  default long list(long first, int max, PageBatch into) {
    throw notHere();
  }

  private FrameException notHere() {
    return new FrameException(
        ErrorCode.REFUSED, "VM " + vm() + " has no share on this host, so nothing is moved to it");
  }

  /**
   * Takes note of which host has each page.
   *
   * @throws FrameException REFUSED where the VM is not incoming
   */
  void place(PageBatch pages);
}
