package org.smemv.paging;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.UUID;
import org.smemv.linux.MemoryFile;

/**
 * Where every page of one VM is, seen from its main host: a {@link PageEntry} of eight bytes per
 * page in a shared-memory file, so that a restarted agent finds it as the dead one left it.
 *
 * <p>Entries are read and changed by several threads without a lock: plain loads and
 * compare-and-set. The rest of the header is written by one thread at a time.
 *
 * <pre>
 * file:    0 magic   8 pages   16 VM id   40 limit in pages
 *         48 QEMU pid  56 its start time  64 descriptors in QEMU: faults, 68 pipe read, 72 pipe write
 *         80 paging on (1) or all local (0)
 *         88 sub-hosts that are leaving, a bit each
 *         96 sub-hosts that may hold copies which no entry names, a bit each
 *       4096 eviction journal, see {@link EvictionJournal}
 *       8192 entries
 * </pre>
 */
public final class PageTable implements AutoCloseable {
  private static final long MAGIC = 0x31_65_6c_62_61_54_6d_53L;
  static final int JOURNAL_OFFSET = 4096;
  private static final long LEAVING = 88;
  private static final long SUSPECT = 96;
  private static final int ENTRIES_OFFSET = 8192;
  private static final VarHandle ENTRY = JAVA_LONG.varHandle();

  private final MemoryFile file;
  private final MemorySegment memory;
  private final long pages;
  private final ChangedPages changed;

  private PageTable(MemoryFile file, long pages) {
    this.file = file;
    this.memory = file.mapped();
    this.pages = pages;
    this.changed = new ChangedPages(pages);
  }

  /** Makes a new table in which every page is zero. */
  public static PageTable create(Path path, UUID vm, long pages) {
    MemoryFile file = MemoryFile.create(path, ENTRIES_OFFSET + pages * Long.BYTES);
    file.mapped().set(JAVA_LONG, 8, pages);
    file.mapped().set(JAVA_LONG, 16, vm.getMostSignificantBits());
    file.mapped().set(JAVA_LONG, 24, vm.getLeastSignificantBits());
    file.mapped().set(JAVA_LONG, 40, pages);
    VarHandle.releaseFence();
    file.mapped().set(JAVA_LONG, 0, MAGIC);
    return new PageTable(file, pages);
  }

  /**
   * Opens the table of a dead agent.
   *
   * @throws IllegalStateException when the file is no page table or was cut off
   */
  public static PageTable open(Path path) {
    MemoryFile file = MemoryFile.open(path);
    boolean header = file.bytes() >= ENTRIES_OFFSET && file.mapped().get(JAVA_LONG, 0) == MAGIC;
    long pages = header ? file.mapped().get(JAVA_LONG, 8) : 0;
    if (!header || pages <= 0 || file.bytes() != ENTRIES_OFFSET + pages * Long.BYTES) {
      file.close();
      throw new IllegalStateException(path + " is not a page table, or was cut off");
    }
    return new PageTable(file, pages);
  }

  /** The number of pages of the VM. */
  public long pages() {
    return pages;
  }

  /** The VM that the table belongs to. */
  public UUID vm() {
    return new UUID(memory.get(JAVA_LONG, 16), memory.get(JAVA_LONG, 24));
  }

  /** The number of pages that this VM may have resident on its main host. */
  public long limitPages() {
    return memory.get(JAVA_LONG, 40);
  }

  /** Records a changed limit. */
  public void limitPages(long limit) {
    memory.set(JAVA_LONG, 40, limit);
  }

  /** The attached QEMU; a pid of 0 when none is. */
  public QemuHandles handles() {
    return new QemuHandles(
        memory.get(JAVA_LONG, 48),
        memory.get(JAVA_LONG, 56),
        memory.get(JAVA_INT, 64),
        memory.get(JAVA_INT, 68),
        memory.get(JAVA_INT, 72));
  }

  void handles(QemuHandles handles) {
    memory.set(JAVA_LONG, 56, handles.startTime());
    memory.set(JAVA_INT, 64, handles.faultFd());
    memory.set(JAVA_INT, 68, handles.pipeReadFd());
    memory.set(JAVA_INT, 72, handles.pipeWriteFd());
    VarHandle.releaseFence();
    memory.set(JAVA_LONG, 48, handles.pid());
  }

  /** True when missing pages are ours to fill; false while the whole VM is local. */
  public boolean paging() {
    return memory.get(JAVA_LONG, 80) != 0;
  }

  void paging(boolean on) {
    memory.set(JAVA_LONG, 80, on ? 1 : 0);
  }

  /** What changes, for whoever follows; this agent's alone, not in the file. */
  ChangedPages changed() {
    return changed;
  }

  /** True when the pages of a sub-host, 0..63, are to go elsewhere. */
  public boolean isLeaving(int host) {
    return hasBit(LEAVING, host);
  }

  /** Records whether the pages of a sub-host are to go elsewhere. Any thread. */
  void leaving(int host, boolean leaves) {
    setBit(LEAVING, host, leaves);
  }

  /** True when a sub-host may hold copies that no entry names. */
  boolean isSuspect(int host) {
    return hasBit(SUSPECT, host);
  }

  /** Records whether a sub-host may hold copies that no entry names. Any thread. */
  void suspect(int host, boolean may) {
    setBit(SUSPECT, host, may);
  }

  private boolean hasBit(long field, int host) {
    return ((long) ENTRY.getVolatile(memory, field) >>> host & 1) != 0;
  }

  private void setBit(long field, int host, boolean on) {
    long bit = 1L << host;
    long ignored =
        on
            ? (long) ENTRY.getAndBitwiseOr(memory, field, bit)
            : (long) ENTRY.getAndBitwiseAnd(memory, field, ~bit);
  }

  MemorySegment journalMemory() {
    return memory.asSlice(JOURNAL_OFFSET, ENTRIES_OFFSET - JOURNAL_OFFSET);
  }

  /** The entry of a page. */
  public long get(long page) {
    return (long) ENTRY.getVolatile(memory, offset(page));
  }

  /** Sets an entry that no other thread can be changing. */
  public void set(long page, long entry) {
    ENTRY.setVolatile(memory, offset(page), entry);
  }

  /** Changes an entry if it is still {@code expected}. */
  public boolean compareAndSet(long page, long expected, long entry) {
    return ENTRY.compareAndSet(memory, offset(page), expected, entry);
  }

  private long offset(long page) {
    if (page < 0 || page >= pages) {
      throw new IndexOutOfBoundsException("page " + page + " of a VM with " + pages + " pages");
    }
    return ENTRIES_OFFSET + page * Long.BYTES;
  }

  @Override
  public void close() {
    file.close();
  }
}
