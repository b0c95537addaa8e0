package org.smemv.lab.simulator;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.TakenNote;

/** A host, with what outlives its agent: QEMU processes, records, notes, the mark of draining. */
final class Machine {
  private final String name;
  private final long capacityBytes;
  private final Map<UUID, VmRecord> records = new LinkedHashMap<>();
  final Map<UUID, Qemu> qemus = new LinkedHashMap<>();

  /** RAM files of VMs that left them here, and whose QEMU has ended. */
  final Map<UUID, Memory> rams = new LinkedHashMap<>();

  final Map<UUID, TakenNote> notes = new LinkedHashMap<>();
  boolean draining;
  private Agent agent;
  private boolean lost;

  Machine(String name, long capacityBytes) {
    this.name = name;
    this.capacityBytes = capacityBytes;
  }

  String name() {
    return name;
  }

  long capacityBytes() {
    return capacityBytes;
  }

  /** Null while none runs. */
  Agent agent() {
    return agent;
  }

  void agent(Agent started) {
    agent = started;
  }

  /** Whether the host is down for good. */
  boolean isLost() {
    return lost;
  }

  void lose() {
    lost = true;
    agent = null;
    records.clear();
    qemus.clear();
    rams.clear();
    notes.clear();
  }

  /** Null when nothing of the VM is here. */
  Memory ram(UUID vm) {
    Qemu qemu = qemus.get(vm);
    return qemu == null ? rams.get(vm) : qemu.memory;
  }

  Map<UUID, VmRecord> records() {
    return records;
  }

  /** Returns the record before; null when there was none. */
  VmRecord write(VmRecord record) {
    return records.put(record.id(), record);
  }
}
