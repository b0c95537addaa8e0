package org.smemv.node.agent;

import java.io.IOException;
import java.nio.file.Files;
import org.smemv.node.qemu.QemuBody;
import org.smemv.paging.AttachException;
import org.smemv.paging.GuestAttachment;
import org.smemv.paging.PageTable;
import org.smemv.placement.PageSize;

/**
 * This agent's hold of the memory of one VM's QEMU: the page table, and the way to the RAM. Nobody
 * may use either once it is closed.
 */
final class HeldMemory implements AutoCloseable {
  private final PageTable table;
  private final GuestAttachment attachment;

  private HeldMemory(PageTable table, GuestAttachment attachment) {
    this.table = table;
    this.attachment = attachment;
  }

  /** Takes hold of that of a QEMU that is new here, with an empty page table. */
  static HeldMemory take(HostPaths paths, VmRecord record, QemuBody body)
      throws IOException, AttachException {
    Files.deleteIfExists(paths.table(record.name()));
    return attach(
        record,
        body,
        PageTable.create(
            paths.table(record.name()), record.id(), PageSize.pagesIn(record.memoryBytes())));
  }

  /** Takes hold again of that of a QEMU that another agent had here before, with its page table. */
  static HeldMemory takeAgain(HostPaths paths, VmRecord record, QemuBody body)
      throws IOException, AttachException {
    return attach(record, body, PageTable.open(paths.table(record.name())));
  }

  private static HeldMemory attach(VmRecord record, QemuBody body, PageTable table)
      throws AttachException {
    try {
      table.limitPages(record.mainMemoryBytes() >>> PageSize.SHIFT);
      return new HeldMemory(
          table, GuestAttachment.attach(body.process().pid(), body.ramFile(), table));
    } catch (AttachException | RuntimeException e) {
      table.close();
      throw e;
    }
  }

  GuestAttachment attachment() {
    return attachment;
  }

  /** Whether a pager serves the VM's faults, or one did under an agent before. */
  boolean isPaged() {
    return table.paging();
  }

  /** Lets go of it; QEMU goes on. */
  @Override
  public void close() {
    attachment.close();
    table.close();
  }
}
