package org.smemv.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A tmpfs of our own for VM memory, without huge pages: where a huge page backs the file, punching
 * a hole of one page may only clear it, and then no fault would follow.
 */
public final class MemoryMount {
  private static final MethodHandle MOUNT =
      NativeCall.link("mount", NativeCall.intOf(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
  private static final MethodHandle UMOUNT2 =
      NativeCall.link("umount2", NativeCall.intOf(ADDRESS, JAVA_INT));
  private static final long NOSUID_NODEV_NOEXEC = 2 | 4 | 8;

  private static final Path FORCED = Path.of("/sys/kernel/mm/transparent_hugepage/shmem_enabled");

  private MemoryMount() {}

  /**
   * Mounts a tmpfs at {@code directory} unless one is there: a restarted agent finds its VMs'
   * memory. The size is no limit of its own (100 % of RAM), because grants are counted per page
   * elsewhere.
   *
   * @throws IllegalStateException when something else is mounted there, or a tmpfs that may use
   *     huge pages, or when this process may not mount; says what to do
   */
  public static void ensure(Path directory) {
    try {
      Files.createDirectories(directory);
      List<MountPoint> all = MountPoint.in(MountPoint.OF_THIS_PROCESS);
      MountPoint present = MountPoint.at(directory.toRealPath(), all);
      if (present != null) {
        requireFit(directory, present);
        return;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make " + directory, e);
    }
    try (Arena arena = Arena.ofConfined()) {
      int result =
          (int)
              MOUNT.invokeExact(
                  NativeCall.errnoState(),
                  arena.allocateFrom("smemv"),
                  arena.allocateFrom(directory.toString()),
                  arena.allocateFrom("tmpfs"),
                  NOSUID_NODEV_NOEXEC,
                  arena.allocateFrom("huge=never,size=100%,mode=0700"));
      if (result != 0) {
        throw notMounted(NativeCall.failed("mount(tmpfs, " + directory + ", huge=never)"));
      }
    } catch (SystemCallException | IllegalStateException e) {
      throw e;
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  private static RuntimeException notMounted(SystemCallException e) {
    return e.errno() == Errno.EPERM
        ? new IllegalStateException(
            "The agent may not mount the tmpfs that VMs' memory is on ("
                + e.getMessage()
                + "): give it CAP_SYS_ADMIN, which containers take away from root.",
            e)
        : e;
  }

  /** Unmounts the tmpfs; its files' memory is freed when their last user is gone. */
  public static void remove(Path directory) {
    try (Arena arena = Arena.ofConfined()) {
      int result =
          (int)
              UMOUNT2.invokeExact(
                  NativeCall.errnoState(), arena.allocateFrom(directory.toString()), 2);
      if (result != 0 && Errno.of(NativeCall.errno()) != Errno.EINVAL) {
        throw NativeCall.failed("umount(" + directory + ")");
      }
    } catch (SystemCallException e) {
      throw e;
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }

  /** True when the kernel is told to use huge pages against the wish of every mount. */
  public static boolean hugePagesForced() {
    try {
      return Files.readString(FORCED).contains("[force]");
    } catch (IOException e) {
      // A kernel without transparent huge pages has none to force.
      return false;
    }
  }

  /** What somebody else mounted there could lose pages without a word. */
  private static void requireFit(Path directory, MountPoint present) {
    String why = null;
    if (!present.type().equals("tmpfs")) {
      why = "a " + present.type();
    } else if (!present.hugePages().equals("never")) {
      why = "a tmpfs with huge=" + present.hugePages();
    }
    if (why != null) {
      throw new IllegalStateException(
          ("%s is %s, but the memory of VMs needs a tmpfs with huge=never:"
                  + " end what uses it, umount %s, and start again; it is then mounted rightly")
              .formatted(directory, why, directory));
    }
  }
}
