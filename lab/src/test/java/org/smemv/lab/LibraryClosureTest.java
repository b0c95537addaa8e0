package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LibraryClosureTest {
  @Test
  void theLoaderIsALibraryAndTheKernelsPageIsNot() {
    String listing =
        """
        \tlinux-vdso.so.1 (0x00007fb9e1296000)
        \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fb9e0a1e000)
        \t/lib64/ld-linux-x86-64.so.2 (0x00007fb9e1298000)
        """;

    assertThat(LibraryClosure.parse(listing))
        .containsExactly(
            Path.of("/lib/x86_64-linux-gnu/libc.so.6"), Path.of("/lib64/ld-linux-x86-64.so.2"));
  }

  @Test
  void aStaticProgramNeedsNothing() {
    assertThat(LibraryClosure.parse("\tstatically linked\n")).isEmpty();
  }
}
