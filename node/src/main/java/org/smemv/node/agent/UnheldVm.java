package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;
import org.smemv.node.qemu.Accelerator;
import org.smemv.node.qemu.QemuBody;

/**
 * A VM that a dead agent left and that this one has not taken hold of yet. Its name and its memory
 * are taken all the same: its QEMU lives on both. Any thread may call.
 */
final class UnheldVm {
  private final String host;
  private final Path directory;
  private volatile @Nullable VmRecord record;
  private volatile String reason = "the agent was restarted and has not looked at it yet";

  UnheldVm(String host, Path directory) {
    this.host = host;
    this.directory = directory;
  }

  String name() {
    return directory.getFileName().toString();
  }

  Path directory() {
    return directory;
  }

  /** Null until it could be read. */
  @Nullable VmRecord record() {
    return record;
  }

  void record(VmRecord read) {
    record = read;
  }

  /** Says why it is not held; true when that is news. */
  boolean because(String why) {
    boolean news = !why.equals(reason);
    reason = why;
    return news;
  }

  /** For whoever wants the VM or its name, after the name of the host. */
  String description() {
    QemuBody body = body();
    String process = body == null ? "" : ", process " + body.process().pid();
    return "has a VM named " + name() + process + ", that " + reason() + "; see smemv vm status";
  }

  private String reason() {
    return "its agent has not taken hold of again: " + reason;
  }

  /** Without a monitor: a QEMU whose faults nobody serves answers nothing. */
  private @Nullable QemuBody body() {
    try {
      return QemuBody.reopen(directory).orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  VmReport report() {
    VmRecord known = record;
    QemuBody body = body();
    Accelerator accelerator = body == null ? null : body.accelerator();
    return new VmReport(
        name(),
        known == null ? "unknown" : known.id().toString(),
        host,
        VmState.STALLED,
        reason() + "; it is tried each second",
        known == null ? 0 : known.memoryBytes(),
        known == null ? 0 : known.mainMemoryBytes(),
        0,
        0,
        List.of(),
        VmReport.Faults.NONE,
        VmReport.Evictions.NONE,
        VmReport.Rates.NONE,
        body == null ? 1 : body.spec().map(spec -> spec.cpus()).orElse(1),
        body == null ? 0 : body.process().pid(),
        "unknown",
        accelerator == null ? "unknown" : accelerator.toString(),
        null);
  }
}
