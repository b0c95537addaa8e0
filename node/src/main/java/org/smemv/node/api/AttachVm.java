package org.smemv.node.api;

import java.util.Objects;
import org.smemv.placement.Name;

/**
 * Takes over the memory of a QEMU that somebody else started.
 *
 * @param name the VM's name from now on
 * @param pid its process id on the host
 * @param qmpSocket absolute path of its QMP socket; no other client may hold it
 */
public record AttachVm(String name, long pid, String qmpSocket) {
  private static final long PID_MAX = 1L << 22;

  public AttachVm {
    Name.require("VM name", name);
    RequestCheck.range("pid", pid, 2, PID_MAX, "as a process id");
    Objects.requireNonNull(RequestCheck.path("qmpSocket", qmpSocket), "qmpSocket is needed");
  }
}
