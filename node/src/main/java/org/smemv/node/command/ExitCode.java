package org.smemv.node.command;

import org.smemv.node.api.ErrorCode;

/** How the command ends. The list in {@code --help} says the same. */
public enum ExitCode {
  OK(0, "done"),
  FAILED(1, "the operation failed; the message says where the VM is safe"),
  USAGE(2, "the command line makes no sense; nothing was done"),
  UNREACHABLE(3, "a host does not answer"),
  NOT_FOUND(4, "no such VM, host or migration"),
  REFUSED(5, "refused: no capacity, unsuitable, busy or name taken; nothing has changed"),
  STALLED(6, "the VM or its migration is stalled: a host that holds its memory is missing");

  private final int number;
  private final String meaning;

  ExitCode(int number, String meaning) {
    this.number = number;
    this.meaning = meaning;
  }

  /** What the shell sees. */
  public int number() {
    return number;
  }

  /** In one sentence. */
  public String meaning() {
    return meaning;
  }

  /** The end of a command whose operation failed. */
  public static ExitCode of(ErrorCode code) {
    return switch (code) {
      case BAD_REQUEST -> USAGE;
      case NOT_FOUND -> NOT_FOUND;
      case ALREADY_EXISTS, BUSY, UNSUITABLE, CAPACITY -> REFUSED;
      case UNREACHABLE_HOST -> UNREACHABLE;
      case STALLED -> STALLED;
      case FAILED, INTERNAL -> FAILED;
    };
  }
}
