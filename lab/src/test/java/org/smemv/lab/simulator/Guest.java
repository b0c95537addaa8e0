package org.smemv.lab.simulator;

import java.util.UUID;

/**
 * A VM as it sees itself: what it wrote to each page last, wherever it runs. It has a few CPUs; one
 * that waits for a page does nothing else.
 */
final class Guest {
  private static final int NOTHING = -1;
  private static final int CPUS = 2;
  private static final int ACCESSES = 3;

  private final UUID id;
  private final String name;
  private final long[] newest;
  private final int[] waiting = new int[CPUS];
  private final Schedule schedule;
  private long versions;
  private long writes;

  Guest(Schedule schedule, UUID id, String name, int pages) {
    this.schedule = schedule;
    this.id = id;
    this.name = name;
    this.newest = new long[pages];
    java.util.Arrays.fill(waiting, NOTHING);
  }

  UUID id() {
    return id;
  }

  String name() {
    return name;
  }

  int pages() {
    return newest.length;
  }

  long newest(int page) {
    return newest[page];
  }

  long writes() {
    return writes;
  }

  /** The page that a CPU waits for; -1 when it does not. */
  int waiting(int cpu) {
    return waiting[cpu];
  }

  int cpus() {
    return CPUS;
  }

  /** Runs for a moment in a QEMU. */
  void run(Machine machine, Qemu qemu) {
    for (int cpu = 0; cpu < CPUS; cpu++) {
      for (int i = 0; i < ACCESSES; i++) {
        int page = waiting[cpu] == NOTHING ? choose() : waiting[cpu];
        boolean done = access(machine, qemu, page);
        waiting[cpu] = done ? NOTHING : page;
        if (!done) {
          break;
        }
      }
    }
  }

  /** A quarter of the pages is used most. */
  private int choose() {
    int among = schedule.oneIn(4) ? pages() : pages() / 4;
    return schedule.random().nextInt(among);
  }

  private boolean access(Machine machine, Qemu qemu, int page) {
    Memory memory = qemu.memory;
    Agent agent = machine.agent();
    HostedVm vm = agent == null ? null : agent.vm(id);
    if (!memory.isPresent(page) && memory.limit() >= pages() && isLocalZero(memory, page)) {
      memory.becomeResident(page, 0); // the kernel's business
    }
    if (!memory.isPresent(page)) {
      if (vm != null && vm.pager() != null) {
        vm.pager().fault(page);
      }
      if (!memory.isPresent(page)) {
        return false;
      }
    }
    if (memory.ram(page) != newest[page]) {
      throw new Violation(
          "%s reads write %d of page %d on %s, but its last one was %d"
              .formatted(name, memory.ram(page), page, machine.name(), newest[page]));
    }
    if (schedule.oneIn(2)) {
      newest[page] = ++versions;
      memory.write(page, versions);
      writes++;
    }
    return true;
  }

  private static boolean isLocalZero(Memory memory, int page) {
    return memory.place(page) != Memory.Place.REMOTE && !memory.isEvicting(page);
  }
}
