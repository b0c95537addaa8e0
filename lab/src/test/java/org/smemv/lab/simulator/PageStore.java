package org.smemv.lab.simulator;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;

/** Stands for paging's PageStore: a sub-host's pages of one VM, in its agent's memory. */
final class PageStore implements PageHolder, ShareBook.Pages {
  private final Agent agent;
  private final UUID vm;
  private final SortedMap<Integer, Long> pages = new TreeMap<>();
  private long grant;
  private long epoch;
  private boolean closed;

  PageStore(Agent agent, Reservation wanted) {
    this.agent = agent;
    this.vm = wanted.vm();
    this.epoch = wanted.pagesFrom();
    grantBytes(wanted.bytes());
  }

  @Override
  public void admit(long frameEpoch) throws HostException {
    requireCurrent(frameEpoch);
    epoch = Math.max(epoch, frameEpoch);
  }

  @Override
  public void admitReader(long frameEpoch) throws HostException {
    requireCurrent(frameEpoch);
  }

  void requireCurrent(long frameEpoch) throws HostException {
    if (closed) {
      throw Agent.refused("VM is no longer held here");
    }
    if (frameEpoch < epoch) {
      throw Agent.refused("is at epoch " + epoch + ", the frame is of " + frameEpoch);
    }
  }

  @Override
  public void put(long frameEpoch, int page, long version) throws HostException {
    admit(frameEpoch);
    if (!pages.containsKey(page) && pages.size() >= grant) {
      throw new HostException(HostException.Kind.CAPACITY, "no room for more pages");
    }
    pages.put(page, version);
  }

  @Override
  public void drop(long frameEpoch, int page) throws HostException {
    admit(frameEpoch);
    pages.remove(page);
  }

  @Override
  public Long get(long frameEpoch, int page) throws HostException {
    requireCurrent(frameEpoch);
    return pages.get(page);
  }

  @Override
  public SortedMap<Integer, Long> list(long frameEpoch) throws HostException {
    requireCurrent(frameEpoch);
    return pages;
  }

  /** What the store has of a page; null when nothing. */
  Long peek(int page) {
    return pages.get(page);
  }

  SortedMap<Integer, Long> all() {
    return pages;
  }

  long grant() {
    return grant;
  }

  long epoch() {
    return epoch;
  }

  @Override
  public long heldBytes() {
    return pages.size() * Memory.BYTES;
  }

  @Override
  public void grantBytes(long bytes) {
    grant = bytes / Memory.BYTES;
  }

  @Override
  public void close() {
    closed = true;
    pages.clear();
    agent.disconnect(vm);
  }
}
