package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryHierarchyTest {
  @TempDir Path folder;

  @Test
  void theFirstVersionIsFoundByItsController() throws IOException {
    String mounts =
        """
        31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        32 30 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        """;

    assertThat(MemoryHierarchy.in(mounts))
        .contains(new MemoryHierarchy(Path.of("/sys/fs/cgroup/memory"), 1));
  }

  @Test
  void theSecondVersionCountsOnlyWhereItHasTheMemoryController() throws IOException {
    String mounts = "33 30 0:29 / %s rw shared:9 - cgroup2 cgroup2 rw\n".formatted(folder);
    Files.writeString(folder.resolve("cgroup.controllers"), "hugetlb\n");
    assertThat(MemoryHierarchy.in(mounts)).isEmpty();

    Files.writeString(folder.resolve("cgroup.controllers"), "cpu memory pids\n");
    assertThat(MemoryHierarchy.in(mounts)).contains(new MemoryHierarchy(folder, 2));
  }

  @Test
  void inTheSecondVersionTheControllerIsHandedDown() throws IOException {
    MemoryHierarchy hierarchy = new MemoryHierarchy(folder, 2);
    hierarchy.prepare();
    MemoryGroup group = hierarchy.group("h1");
    group.create();
    group.limit(1 << 30);

    assertThat(folder.resolve("cgroup.subtree_control")).hasContent("+memory");
    assertThat(folder.resolve("smemv/cgroup.subtree_control")).hasContent("+memory");
    assertThat(folder.resolve("smemv/h1/memory.max")).hasContent(Integer.toString(1 << 30));
    assertThat(hierarchy.existing()).containsExactly(group);
  }

  @Test
  void bothVersionsTellTheSameFourNumbers() throws IOException {
    MemoryGroup first = new MemoryGroup(Files.createDirectory(folder.resolve("v1")), 1);
    write(first, "memory.stat", "cache 9\nrss 3\nshmem 4\ntotal_rss 3\n");
    write(first, "memory.usage_in_bytes", "12\n");
    write(first, "memory.limit_in_bytes", "99\n");
    MemoryGroup second = new MemoryGroup(Files.createDirectory(folder.resolve("v2")), 2);
    write(second, "memory.stat", "anon 3\nfile 9\nshmem 4\n");
    write(second, "memory.current", "12\n");
    write(second, "memory.max", "99\n");

    assertThat(first.use()).isEqualTo(new MemoryUse(12, 3, 4, 99)).isEqualTo(second.use());
  }

  @Test
  void noLimitIsALargeNumber() throws IOException {
    MemoryGroup group = new MemoryGroup(folder, 2);
    write(group, "memory.stat", "anon 0\n");
    write(group, "memory.current", "0\n");
    write(group, "memory.max", "max\n");

    assertThat(group.use().limit()).isEqualTo(Long.MAX_VALUE);
  }

  private static void write(MemoryGroup group, String file, String text) throws IOException {
    Files.writeString(group.folder().resolve(file), text);
  }
}
