package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import org.smemv.node.qemu.QemuBody;
import org.smemv.node.qemu.QemuProcess;

/** What a VM has on its host outside the agent, and is removed once it has gone. Any thread. */
final class VmFiles {
  private VmFiles() {}

  /**
   * Removes all of it: memory, page table, sockets, record. Its logs are put aside.
   *
   * @param ownRam whether the RAM file is this host's, and not one that an attached QEMU came with
   * @throws IOException when its QEMU lives, which needs all of it: nothing is removed
   */
  static void forget(HostPaths paths, String name, boolean ownRam) throws IOException {
    QemuProcess living = QemuBody.living(paths.vm(name)).orElse(null);
    if (living != null) {
      throw new IOException(
          "QEMU process " + living.pid() + " of VM " + name + " lives: nothing of it is removed");
    }
    forgetBody(paths, name);
    if (ownRam) {
      Files.deleteIfExists(paths.ram(name));
    }
    VmRecord.delete(paths.vm(name));
    new EndedLogs(paths).keep(name);
  }

  /** Removes what is of no use without its QEMU, which has ended; memory and record stay. */
  static void forgetBody(HostPaths paths, String name) throws IOException {
    QemuBody.forgetDead(paths.vm(name));
    Files.deleteIfExists(paths.table(name));
    Files.deleteIfExists(paths.bodySocket(name));
  }
}
