package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process that can be recognised later, also from another program: a number is used again, but
 * not with the same start time.
 *
 * @param pid its number
 * @param startTicks clock ticks from the machine's boot to its start (proc(5), stat, field 22)
 */
public record RecordedProcess(long pid, long startTicks) {
  /** Fields of stat after the name, counted from 0: "state" is field 3 of the manual page. */
  private static final int START_TIME = 22 - 3;

  private static final int STATE = 3 - 3;

  /**
   * @throws LabException when no such process runs
   */
  static RecordedProcess of(long pid) {
    return statistics(pid)
        .map(fields -> new RecordedProcess(pid, Long.parseLong(fields[START_TIME])))
        .orElseThrow(() -> new LabException("process " + pid + " has ended"));
  }

  /** Whether this very process still runs; one that was killed but not yet reaped does not. */
  public boolean isAlive() {
    return statistics(pid)
        .filter(fields -> Long.parseLong(fields[START_TIME]) == startTicks)
        .filter(fields -> !fields[STATE].equals("Z") && !fields[STATE].equals("X"))
        .isPresent();
  }

  /** SIGKILL, if this very process still runs. */
  void kill() {
    if (isAlive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static Optional<String[]> statistics(long pid) {
    try {
      String line = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      // The name is in parentheses and may itself contain spaces and parentheses.
      return Optional.of(line.substring(line.lastIndexOf(')') + 2).split(" ", -1));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
