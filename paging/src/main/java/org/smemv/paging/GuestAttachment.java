package org.smemv.paging;

import java.nio.file.Path;
import org.smemv.linux.Errno;
import org.smemv.linux.ForeignSystemCalls;
import org.smemv.linux.MemoryFile;
import org.smemv.linux.Pagemap;
import org.smemv.linux.PidFd;
import org.smemv.linux.Pipe;
import org.smemv.linux.ProcessMaps;
import org.smemv.linux.SystemCallException;
import org.smemv.linux.UserFaultFd;

/**
 * Hold of one running QEMU's memory: its userfaultfd and its eviction pipe, both of which live in
 * QEMU and so outlive this process, and its page map. The first attachment makes them inside QEMU;
 * a later one, after the agent died, finds them by the numbers in the page table.
 *
 * <p>Attaching alone changes nothing for the guest: only write protection is registered. Missing
 * pages are ours from {@link #takeMissingFaults()} on.
 */
public final class GuestAttachment implements AutoCloseable {
  /** The number of close(2) on x86-64. */
  private static final long SYS_CLOSE = 3;

  private static final String FAULTS = "anon_inode:[userfaultfd]";

  private final long pid;
  private final PageTable table;
  private final GuestMemory memory;
  private final UserFaultFd faults;
  private final Pipe pipe;
  private final Pagemap pagemap;

  private GuestAttachment(
      long pid,
      PageTable table,
      GuestMemory memory,
      UserFaultFd faults,
      Pipe pipe,
      Pagemap pagemap) {
    this.pid = pid;
    this.table = table;
    this.memory = memory;
    this.faults = faults;
    this.pipe = pipe;
    this.pagemap = pagemap;
  }

  /**
   * Attaches to a QEMU.
   *
   * @param pid the process
   * @param ramFile the file behind its guest memory, as this process sees it
   * @param table the VM's page table, which must have as many pages as the file
   * @throws AttachException when the process is gone, is not that VM's, or cannot be traced
   */
  public static GuestAttachment attach(long pid, Path ramFile, PageTable table)
      throws AttachException {
    long startTime =
        ProcessMaps.startTime(pid)
            .orElseThrow(() -> new AttachException("QEMU process " + pid + " is not running"));
    MemoryFile ram = MemoryFile.open(ramFile);
    try {
      if (ram.bytes() >>> 12 != table.pages()) {
        throw new AttachException(
            ramFile + " has " + ram.bytes() + " bytes, its page table " + table.pages() + " pages");
      }
      long base =
          ProcessMaps.whole(pid, ramFile, ram.bytes())
              .orElseThrow(
                  () -> new AttachException("process " + pid + " has not mapped all of " + ramFile))
              .start();
      GuestMemory memory = new GuestMemory(ram, base);
      if (!isKnown(table.handles(), pid, startTime)) {
        openInside(pid, startTime, table);
      }
      return take(pid, table, memory);
    } catch (AttachException | RuntimeException e) {
      ram.close();
      throw e instanceof AttachException attach
          ? attach
          : new AttachException("cannot attach to QEMU process " + pid + ": " + e.getMessage(), e);
    }
  }

  private static boolean isKnown(QemuHandles handles, long pid, long startTime) {
    return handles.pid() == pid
        && handles.startTime() == startTime
        && ProcessMaps.descriptor(pid, handles.faultFd()).filter(FAULTS::equals).isPresent();
  }

  /**
   * Makes what must outlive the agent inside QEMU, and notes the numbers before anything is used.
   */
  private static void openInside(long pid, long startTime, PageTable table) throws AttachException {
    try {
      QemuHandles handles =
          ForeignSystemCalls.inside(
              pid,
              calls -> {
                long fd = calls.call(UserFaultFd.SYS_USERFAULTFD, UserFaultFd.OPEN_FLAGS);
                if (fd < 0) {
                  throw new SystemCallException("userfaultfd() inside QEMU", (int) -fd);
                }
                try {
                  int[] pipe = Pipe.openInside(calls);
                  return new QemuHandles(pid, startTime, (int) fd, pipe[0], pipe[1]);
                } catch (SystemCallException e) {
                  long ignored = calls.call(SYS_CLOSE, fd); // nobody would know of it
                  throw e;
                }
              });
      table.handles(handles);
    } catch (SystemCallException e) {
      throw new AttachException(explain(pid, e), e);
    }
  }

  private static String explain(long pid, SystemCallException e) {
    if (e.errno() == Errno.EPERM) {
      return "no permission to take over the page faults of QEMU process "
          + pid
          + " ("
          + e.getMessage()
          + "): run the agent as root, and QEMU with CAP_SYS_PTRACE or with"
          + " vm.unprivileged_userfaultfd=1";
    }
    return "cannot take over the page faults of QEMU process " + pid + ": " + e.getMessage();
  }

  private static GuestAttachment take(long pid, PageTable table, GuestMemory memory)
      throws AttachException {
    QemuHandles handles = table.handles();
    try (PidFd process = PidFd.open(pid)) {
      UserFaultFd faults = new UserFaultFd(process.take(handles.faultFd()));
      try {
        enable(pid, faults, memory, table.paging());
        Pipe pipe = Pipe.takeFrom(process, handles.pipeReadFd(), handles.pipeWriteFd());
        return take(pid, table, memory, faults, pipe);
      } catch (AttachException | RuntimeException e) {
        faults.close();
        throw e;
      }
    }
  }

  private static GuestAttachment take(
      long pid, PageTable table, GuestMemory memory, UserFaultFd faults, Pipe pipe) {
    try {
      return new GuestAttachment(pid, table, memory, faults, pipe, Pagemap.of(pid));
    } catch (RuntimeException e) {
      pipe.close();
      throw e;
    }
  }

  private static void enable(long pid, UserFaultFd faults, GuestMemory memory, boolean missing)
      throws AttachException {
    try {
      faults.enable(UserFaultFd.REQUIRED_FEATURES);
    } catch (SystemCallException e) {
      // EINVAL also says that the dead agent agreed on the features already; registering tells.
      if (e.errno() != Errno.EINVAL) {
        throw e;
      }
    }
    try {
      faults.register(memory.base(), memory.ram().bytes(), missing, true);
    } catch (SystemCallException e) {
      throw new AttachException(
          "this kernel's userfaultfd cannot serve QEMU process "
              + pid
              + ": asynchronous write protection of shared memory needs Linux 6.7 or later",
          e);
    }
  }

  /**
   * From now on, whoever touches a hole of the RAM file waits for us. A fault loop must be running,
   * or follow soon.
   */
  public void takeMissingFaults() {
    table.paging(true);
    faults.register(memory.base(), memory.ram().bytes(), true, true);
  }

  /** The process. */
  public long pid() {
    return pid;
  }

  /** The page table. */
  public PageTable table() {
    return table;
  }

  /** The guest's memory. */
  public GuestMemory memory() {
    return memory;
  }

  UserFaultFd faults() {
    return faults;
  }

  Pipe pipe() {
    return pipe;
  }

  /** Which pages were written; one thread at a time. */
  Pagemap pagemap() {
    return pagemap;
  }

  @Override
  public void close() {
    pagemap.close();
    pipe.close();
    faults.close();
    memory.ram().close();
  }
}
