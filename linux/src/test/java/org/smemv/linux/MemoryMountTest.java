package org.smemv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is taken for the memory of VMs, and what is not; real mounts, as root. */
class MemoryMountTest {
  private static void mount(String type, String options, Path directory) throws Exception {
    List<String> command =
        List.of("mount", "-t", type, "-o", options, "smemv-test", directory.toString());
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  private static void refused(String type, String options, String why) throws Exception {
    Path directory = Files.createTempDirectory("smemv-test");
    mount(type, options, directory);
    try {
      assertThatThrownBy(() -> MemoryMount.ensure(directory))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(why)
          .hasMessageContaining("umount " + directory);
    } finally {
      MemoryMount.remove(directory);
      Files.delete(directory);
    }
  }

  @Test
  void itsOwnMountIsFoundAgainAlsoUnderAnOddName() throws Exception {
    Path directory = Files.createTempDirectory("smemv test\\");
    try {
      MemoryMount.ensure(directory);
      Files.writeString(directory.resolve("ram"), "kept");
      assertThatCode(() -> MemoryMount.ensure(directory)).doesNotThrowAnyException();
      assertThat(directory.resolve("ram")).hasContent("kept");
    } finally {
      MemoryMount.remove(directory);
      Files.delete(directory);
    }
  }

  @Test
  void anotherFileSystemIsRefused() throws Exception {
    refused("ramfs", "mode=0700", "is a ramfs");
  }

  @Test
  void aTmpfsWithHugePagesIsRefused() throws Exception {
    refused("tmpfs", "huge=always", "huge=always");
  }

  @Test
  void theUppermostOfSeveralMountsCounts() {
    List<String> mountInfo =
        List.of(
            "24 27 0:6 / /m rw,relatime - tmpfs x rw,huge=always",
            "25 24 0:7 / /m rw,relatime shared:1 master:2 - tmpfs smemv rw,size=1k",
            "26 27 0:8 / /m/below rw - proc proc rw");
    List<MountPoint> all = MountPoint.in(mountInfo);
    assertThat(MountPoint.at(Path.of("/m"), all))
        .isEqualTo(new MountPoint("0:7", Path.of("/m"), "tmpfs", List.of("rw", "size=1k")));
    assertThat(MountPoint.at(Path.of("/n"), all)).isNull();
  }

  @Test
  void aMountPointMayContainSpacesAndBackslashes() {
    String line = "36 35 98:0 / /run/a\\040b\\134c rw,noatime shared:1 - tmpfs tmpfs rw";

    assertThat(MountPoint.in(List.of(line)).getFirst().place()).isEqualTo(Path.of("/run/a b\\c"));
  }
}
