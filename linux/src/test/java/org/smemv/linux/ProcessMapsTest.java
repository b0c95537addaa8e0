package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Mappings of this process; files on two file systems, whose first inodes have the same number. */
class ProcessMapsTest {
  private static final long BYTES = 16 * 4096L;
  private final long self = ProcessHandle.current().pid();
  private Path one;
  private Path other;

  @BeforeEach
  void mount() throws Exception {
    one = Files.createTempDirectory("smemv-test");
    other = Files.createTempDirectory("smemv-test");
    MemoryMount.ensure(one);
    MemoryMount.ensure(other);
  }

  @AfterEach
  void unmount() throws Exception {
    for (Path directory : new Path[] {one, other}) {
      MemoryMount.remove(directory);
      Files.delete(directory);
    }
  }

  @Test
  void aFileWithoutANameIsFoundThroughADescriptor() throws Exception {
    Path named = one.resolve("ram");
    try (MemoryFile file = MemoryFile.create(named, BYTES)) {
      Files.delete(named);
      Path descriptor = Path.of("/proc/self/fd/" + file.fd());
      assertThat(ProcessMaps.whole(self, descriptor, BYTES).orElseThrow().start())
          .isEqualTo(file.mapped().address());
    }
  }

  @Test
  void aFileOfTheSameNameAndInodeOnAnotherFileSystemIsNotTakenForIt() throws Exception {
    try (MemoryFile file = MemoryFile.create(one.resolve("ram"), BYTES)) {
      Path twin = Files.write(other.resolve("ram"), new byte[4096]);
      assertThat(Files.getAttribute(twin, "unix:ino"))
          .isEqualTo(Files.getAttribute(one.resolve("ram"), "unix:ino"));
      assertThat(ProcessMaps.of(self, twin)).isEmpty();
      assertThat(ProcessMaps.of(self, one.resolve("ram"))).hasSize(1);
      assertThat(file.bytes()).isEqualTo(BYTES);
    }
  }
}
