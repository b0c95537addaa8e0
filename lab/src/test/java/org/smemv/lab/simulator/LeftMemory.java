package org.smemv.lab.simulator;

import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.smemv.migration.HostException;

/** Stands for paging's LeftMemory: pages of a RAM file whose VM runs elsewhere. */
final class LeftMemory implements PageHolder {
  private final Memory ram;
  private long epoch;
  private Set<Integer> here;
  private boolean closed;

  LeftMemory(Memory ram, long epoch) {
    this.ram = ram;
    this.epoch = epoch;
  }

  void serve(Set<Integer> pages) {
    here = new TreeSet<>(pages);
  }

  /** All that is present. */
  void serveAll() {
    here = new TreeSet<>();
    for (int p = 0; p < ram.pages(); p++) {
      if (ram.isPresent(p)) {
        here.add(p);
      }
    }
  }

  void freeOthers() {
    for (int p = 0; p < ram.pages() && !closed; p++) {
      if (!here.contains(p)) {
        ram.punch(p);
      }
    }
  }

  int pages() {
    return here == null ? 0 : here.size();
  }

  /** What a reader would get; null when nothing. */
  Long peek(int page) {
    return here == null || !here.contains(page) ? null : (Long) ram.ram(page);
  }

  void close() {
    closed = true;
  }

  private void requireCurrent(long frameEpoch) throws HostException {
    if (closed) {
      throw Agent.refused("the VM left nothing here");
    }
    if (frameEpoch < epoch) {
      throw Agent.refused("is at epoch " + epoch + ", the frame is of " + frameEpoch);
    }
  }

  @Override
  public void admit(long frameEpoch) throws HostException {
    requireCurrent(frameEpoch);
    if (here == null) {
      throw Agent.refused("the VM has not left this host");
    }
    epoch = frameEpoch;
  }

  @Override
  public void admitReader(long frameEpoch) throws HostException {
    requireCurrent(frameEpoch);
  }

  @Override
  public void put(long frameEpoch, int page, long version) throws HostException {
    throw Agent.refused("the VM has left this host, which only gives its pages");
  }

  @Override
  public Long get(long frameEpoch, int page) throws HostException {
    if (closed) {
      throw Agent.refused("the VM left nothing here");
    }
    return peek(page);
  }

  @Override
  public SortedMap<Integer, Long> list(long frameEpoch) throws HostException {
    requireCurrent(frameEpoch);
    var found = new TreeMap<Integer, Long>();
    if (here != null) {
      here.forEach(page -> found.put(page, ram.ram(page)));
    }
    return found;
  }

  @Override
  public void drop(long frameEpoch, int page) throws HostException {
    requireCurrent(frameEpoch);
    if (here == null) {
      throw Agent.refused("the VM has not left yet");
    }
    if (here.remove(page)) {
      ram.punch(page);
    }
  }
}
