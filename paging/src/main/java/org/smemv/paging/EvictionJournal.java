package org.smemv.paging;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Which pages an eviction has in QEMU's pipe, and how far it is: four kilobytes of the page table's
 * file. A page leaves the RAM file only while its number stands here and its final contents wait in
 * the pipe, so an agent that dies in between loses nothing.
 */
final class EvictionJournal {
  /** How far the eviction is. */
  enum Phase {
    /** Nothing is under way. */
    IDLE(0),
    /** Pages are going into the pipe; all of them are still in the RAM file. */
    FILLING(1),
    /** All pages are in the pipe, in the order of the journal; holes are being punched. */
    PUNCHING(2),
    /** Every page is safe where its entry says; the pipe's contents are no longer needed. */
    DRAINING(3);

    /** As the file has it, which another version of the agent may read. */
    private final int code;

    Phase(int code) {
      this.code = code;
    }

    static Phase of(long code) {
      for (Phase phase : values()) {
        if (phase.code == code) {
          return phase;
        }
      }
      throw new IllegalStateException("the eviction journal has no phase " + code);
    }
  }

  /** Pages in one eviction at most: what a pipe of one megabyte holds. */
  static final int PAGES_MAX = 256;

  private static final int NUMBERS = 16;
  private final MemorySegment memory;

  EvictionJournal(PageTable table) {
    this.memory = table.journalMemory();
  }

  Phase phase() {
    return Phase.of(memory.get(JAVA_LONG, 0));
  }

  void phase(Phase phase) {
    VarHandle.fullFence();
    memory.set(JAVA_LONG, 0, phase.code);
    VarHandle.fullFence();
  }

  int count() {
    return (int) memory.get(JAVA_LONG, 8);
  }

  void begin(long[] pages, int count) {
    for (int i = 0; i < count; i++) {
      memory.set(JAVA_LONG, NUMBERS + (long) i * Long.BYTES, pages[i]);
    }
    memory.set(JAVA_LONG, 8, count);
    phase(Phase.FILLING);
  }

  /** All of the first {@code count} pages are in the pipe. */
  void punching(int count) {
    memory.set(JAVA_LONG, 8, count);
    phase(Phase.PUNCHING);
  }

  long page(int index) {
    return memory.get(JAVA_LONG, NUMBERS + (long) index * Long.BYTES);
  }
}
