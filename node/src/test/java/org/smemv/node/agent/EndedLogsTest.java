package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndedLogsTest {
  @TempDir Path state;
  private HostPaths paths;

  @BeforeEach
  void makePaths() {
    paths = new HostPaths(state);
  }

  private void leaveLogs(String name) throws IOException {
    Files.createDirectories(paths.vm(name));
    Files.writeString(paths.vm(name).resolve("qemu.log"), "qemu of " + name);
    Files.writeString(paths.vm(name).resolve("console.log"), "console of " + name);
  }

  private void end(String name) throws IOException {
    VmFiles.forget(paths, name, true);
  }

  private List<Path> kept() throws IOException {
    if (!Files.exists(paths.ended())) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(paths.ended())) {
      return all.sorted().toList();
    }
  }

  /** As if it had ended long ago, in that order. */
  private Path endedBefore(int order) throws IOException {
    Path folder = paths.ended().resolve("20000101T%06d.000Z-old".formatted(order));
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("qemu.log"), "it was the " + order + "th");
    return folder;
  }

  private static void makeLarge(Path file, long bytes) throws IOException {
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(bytes);
    }
  }

  @Test
  void theLogsOfAVmThatHasEndedAreKeptAndNothingElseOfIt() throws IOException {
    leaveLogs("a");
    end("a");
    assertThat(paths.vm("a")).doesNotExist();
    assertThat(kept()).hasSize(1);
    assertThat(kept().getFirst().getFileName().toString()).endsWith("Z-a");
    assertThat(kept().getFirst().resolve("qemu.log")).hasContent("qemu of a");
    assertThat(kept().getFirst().resolve("console.log")).hasContent("console of a");
  }

  @Test
  void ofAVmThatSaidNothingNothingIsKept() throws IOException {
    Files.createDirectories(paths.vm("a"));
    Files.createFile(paths.vm("a").resolve("qemu.log"));
    end("a");
    assertThat(paths.vm("a")).doesNotExist();
    assertThat(kept()).isEmpty();
    end("a"); // once more, as after a failure
    assertThat(kept()).isEmpty();
  }

  @Test
  void theOldestMakeWayForNewOnes() throws IOException {
    Path oldest = endedBefore(0);
    Path second = endedBefore(1);
    for (int i = 2; i < EndedLogs.VMS_MAX; i++) {
      endedBefore(i);
    }
    leaveLogs("a");
    end("a");
    assertThat(kept()).hasSize(EndedLogs.VMS_MAX).contains(second).doesNotContain(oldest);
    assertThat(kept().getLast().getFileName().toString()).endsWith("Z-a");
  }

  @Test
  void manyWordsMakeWayToo() throws IOException {
    Path oldest = endedBefore(0);
    Path second = endedBefore(1);
    makeLarge(second.resolve("console.log"), EndedLogs.BYTES_MAX / 2);
    leaveLogs("a");
    makeLarge(paths.vm("a").resolve("console.log"), EndedLogs.BYTES_MAX / 2 - 10);
    end("a");
    assertThat(kept()).hasSize(1).doesNotContain(oldest, second);
    leaveLogs("b");
    makeLarge(paths.vm("b").resolve("console.log"), 2 * EndedLogs.BYTES_MAX);
    end("b");
    assertThat(kept()).hasSize(1);
    assertThat(kept().getFirst().getFileName().toString()).as("however large").endsWith("Z-b");
  }

  @Test
  void aVmEndsAlsoWhereItsLogsCannotBeMoved() throws IOException {
    Files.writeString(paths.ended(), "not a folder");
    leaveLogs("a");
    Files.createDirectories(paths.ramMount());
    Files.writeString(paths.ram("a"), "memory");
    end("a");
    assertThat(paths.ram("a")).doesNotExist();
    assertThat(paths.vm("a").resolve("qemu.log")).hasContent("qemu of a");
  }

  @Test
  void whatSomebodyElsePutThereStays() throws IOException {
    leaveLogs("a");
    Path notes = Files.writeString(paths.vm("a").resolve("notes.txt"), "mine");
    end("a");
    assertThat(notes).exists();
    assertThat(kept()).hasSize(1);
  }
}
