package org.smemv.lab.simulator;

import org.smemv.migration.HostException;

/** Stands for paging's IncomingMemory: the memory of a VM that arrives, page by page. */
final class IncomingMemory implements PageHolder {
  private final Memory memory;
  private final long epoch;
  private boolean open = true;

  IncomingMemory(Memory memory, long epoch) {
    this.memory = memory;
    this.epoch = epoch;
  }

  void close() {
    open = false;
  }

  @Override
  public void admit(long frameEpoch) throws HostException {
    if (!open) {
      throw Agent.refused("VM is not arriving any more");
    }
    if (frameEpoch != epoch) {
      throw Agent.refused("VM arrives with epoch " + epoch + ", not " + frameEpoch);
    }
  }

  @Override
  public void admitReader(long frameEpoch) throws HostException {
    admit(frameEpoch);
  }

  @Override
  public void put(long frameEpoch, int page, long version) throws HostException {
    admit(frameEpoch);
    if (!memory.isPresent(page) && memory.resident() >= memory.limit()) {
      throw new HostException(HostException.Kind.CAPACITY, "it may have no more pages here");
    }
    if (memory.hasCopy(page)) {
      memory.install(page, version); // its copy is still to be dropped
    } else {
      memory.becomeResident(page, version);
    }
  }

  void place(long frameEpoch, int page, int index, long version) throws HostException {
    admit(frameEpoch);
    memory.punch(page);
    memory.entryRemote(page, index, version);
  }
}
