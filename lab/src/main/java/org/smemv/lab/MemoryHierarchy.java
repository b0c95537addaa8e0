package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.smemv.linux.MountPoint;

/**
 * This machine's tree of memory control groups, of either version (kernel documentation,
 * admin-guide/cgroup-v1/memory and admin-guide/cgroup-v2).
 *
 * @param root where the tree is mounted
 * @param version 1 or 2
 */
record MemoryHierarchy(Path root, int version) {
  /** The parent of every group that the lab makes. */
  private static final String PARENT = "smemv";

  /**
   * The version 1 tree when there is one, since the memory controller can be in one tree only.
   *
   * @throws LabException when the kernel has no memory control groups
   */
  static MemoryHierarchy ofMachine() {
    try {
      return in(Files.readString(MountPoint.OF_THIS_PROCESS))
          .orElseThrow(
              () ->
                  new LabException(
                      "the lab needs memory control groups, and none are mounted: mount the"
                          + " cgroup2 file system on /sys/fs/cgroup"));
    } catch (IOException e) {
      throw new LabException("cannot read " + MountPoint.OF_THIS_PROCESS + ": " + e, e);
    }
  }

  /** From lines as in /proc/self/mountinfo. */
  static Optional<MemoryHierarchy> in(String mounts) throws IOException {
    Optional<MemoryHierarchy> second = Optional.empty();
    for (MountPoint mount : MountPoint.in(mounts.lines().toList())) {
      if (mount.type().equals("cgroup") && mount.options().contains("memory")) {
        return Optional.of(new MemoryHierarchy(mount.place(), 1));
      }
      if (mount.type().equals("cgroup2") && controllers(mount.place()).contains("memory")) {
        second = Optional.of(new MemoryHierarchy(mount.place(), 2));
      }
    }
    return second;
  }

  private static List<String> controllers(Path place) throws IOException {
    Path file = place.resolve("cgroup.controllers");
    return Files.exists(file) ? List.of(Files.readString(file).strip().split(" ", -1)) : List.of();
  }

  /** The group of that name, whether or not it exists. */
  MemoryGroup group(String name) {
    return new MemoryGroup(parent().resolve(name), version);
  }

  /** Makes the parent of all groups; in version 2 also hands the controller down to it. */
  void prepare() {
    try {
      Files.createDirectories(parent());
      if (version == 2) {
        Files.writeString(root.resolve("cgroup.subtree_control"), "+memory");
        Files.writeString(parent().resolve("cgroup.subtree_control"), "+memory");
      }
    } catch (IOException e) {
      throw new LabException(
          "cannot make the control group %s: %s".formatted(parent(), e.getMessage()), e);
    }
  }

  /** Every group that the lab made, also one that it did not get to use. */
  List<MemoryGroup> existing() {
    if (!Files.isDirectory(parent())) {
      return List.of();
    }
    try (Stream<Path> folders = Files.list(parent())) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> new MemoryGroup(folder, version))
          .toList();
    } catch (IOException e) {
      throw new LabException("cannot read " + parent() + ": " + e, e);
    }
  }

  /** Removes the parent; its groups must be gone. */
  void remove() {
    new MemoryGroup(parent(), version).remove();
  }

  private Path parent() {
    return root.resolve(PARENT);
  }
}
