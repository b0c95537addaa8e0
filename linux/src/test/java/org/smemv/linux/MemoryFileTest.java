package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MemoryFileTest {
  private Path directory;
  private MemoryFile file;

  @BeforeEach
  void create() throws Exception {
    directory = Files.createTempDirectory("smemv-test");
    MemoryMount.ensure(directory);
    file = MemoryFile.create(directory.resolve("ram"), 1024 * 4096L);
  }

  @AfterEach
  void remove() throws Exception {
    file.close();
    MemoryMount.remove(directory);
    Files.delete(directory);
  }

  @Test
  void pagesThatWereTouchedAreAllocatedUntilTheyAreHolesAgain() {
    assertThat(file.allocatedBytes()).isZero();
    for (long page : new long[] {0, 3, 4, 1023}) {
      file.mapped().set(ValueLayout.JAVA_BYTE, page * 4096, (byte) 1);
    }
    assertThat(file.allocatedBytes()).isEqualTo(4 * 4096L);
    file.punchHole(3 * 4096L, 4096);
    assertThat(file.allocatedBytes()).isEqualTo(3 * 4096L);
  }
}
