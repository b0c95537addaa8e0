package org.smemv.node.api;

import org.jspecify.annotations.Nullable;

/**
 * The start of a VM, under way or ended.
 *
 * @param vm its name, by which it is asked for
 * @param failure why it was not started, as a code; null unless it {@code FAILED}
 * @param reason the same for a person
 * @param report how the VM is; null unless it is {@code DONE}
 */
public record StartReport(
    String vm,
    State state,
    @Nullable ErrorCode failure,
    @Nullable String reason,
    @Nullable VmReport report) {
  /** How far it is. */
  public enum State {
    /** Its QEMU is being started, and hold of its memory taken. */
    STARTING,
    /** It runs. */
    DONE,
    /** It was not started, and nothing is left of it. */
    FAILED
  }

  static StartReport starting(String vm) {
    return new StartReport(vm, State.STARTING, null, null, null);
  }

  static StartReport done(VmReport report) {
    return new StartReport(report.name(), State.DONE, null, null, report);
  }

  static StartReport failed(String vm, OperationException why) {
    return new StartReport(vm, State.FAILED, why.code(), why.getMessage(), null);
  }
}
