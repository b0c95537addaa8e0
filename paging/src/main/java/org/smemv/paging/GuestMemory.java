package org.smemv.paging;

import org.smemv.linux.MemoryFile;
import org.smemv.placement.PageSize;

/**
 * A VM's memory as its host has it: the RAM file, and where QEMU has mapped it.
 *
 * @param ram the file behind the guest's memory
 * @param base the address of its first byte in QEMU
 */
public record GuestMemory(MemoryFile ram, long base) {
  /** The number of pages. */
  public long pages() {
    return ram.bytes() >>> PageSize.SHIFT;
  }

  /** Where QEMU has a page. */
  public long address(long page) {
    return base + (page << PageSize.SHIFT);
  }

  /** The page that an address of QEMU lies in. */
  public long pageAt(long address) {
    return (address - base) >>> PageSize.SHIFT;
  }

  /** The end of the memory in QEMU, exclusive. */
  public long end() {
    return base + ram.bytes();
  }

  /** How many pages the RAM file holds; takes no time. */
  public long presentPages() {
    return ram.allocatedBytes() >>> PageSize.SHIFT;
  }

  /** True when the RAM file holds the page. */
  public boolean isPresent(long page) {
    long offset = page << PageSize.SHIFT;
    return ram.nextData(offset) == offset;
  }
}
