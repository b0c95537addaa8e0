package org.smemv.lab.simulator;

/** A QEMU process; it lives on when the agent dies. */
final class Qemu {
  /** What the VM in it does. */
  enum State {
    /** It waits for the device state. */
    INCOMING,
    /** The device state is there; the VM has not run here yet. */
    LOADED,
    RUNNING,
    /** Stopped at the point where its device state is sent. */
    STOPPED
  }

  final Memory memory;
  State state;

  Qemu(Memory memory, State state) {
    this.memory = memory;
    this.state = state;
  }

  /** The monitor's command; false when there is nothing to run yet. */
  boolean cont() {
    if (state == State.INCOMING) {
      return false;
    }
    state = State.RUNNING;
    return true;
  }
}
