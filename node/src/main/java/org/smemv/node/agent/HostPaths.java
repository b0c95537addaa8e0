package org.smemv.node.agent;

import java.nio.file.Path;

/** Where things are below an agent's state directory. */
record HostPaths(Path state) {
  HostPaths {
    state = state.toAbsolutePath();
  }

  /** A tmpfs of our own, without huge pages; it outlives the agent. */
  Path ramMount() {
    return state.resolve("ram");
  }

  Path vms() {
    return state.resolve("vms");
  }

  Path vm(String name) {
    return vms().resolve(name);
  }

  /** Notes of the VMs that were taken here; see {@link TakenVms}. */
  Path taken() {
    return state.resolve("taken");
  }

  /** There while the host is draining; see {@link Draining}. */
  Path draining() {
    return state.resolve("draining");
  }

  /** Logs of VMs that have ended here or left; see {@link EndedLogs}. */
  Path ended() {
    return state.resolve("ended");
  }

  Path ram(String vm) {
    return ramMount().resolve(vm + ".ram");
  }

  Path table(String vm) {
    return ramMount().resolve(vm + ".pages");
  }

  /** Where a QEMU that leaves sends its device state, or one that arrives takes it. */
  Path bodySocket(String vm) {
    return vm(vm).resolve("body.sock");
  }
}
