package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.smemv.linux.MemoryFile;

/** Taking hold of a real process, and failing to. */
@Timeout(60)
class GuestAttachmentTest {
  private static final long PAGES = 64;

  private MemoryDirectory directory;
  private Path ram;
  private ReadingGuest guest;
  private PageTable table;

  @BeforeEach
  void start() throws Exception {
    directory = new MemoryDirectory();
    ram = directory.resolve("ram");
    MemoryFile.create(ram, PAGES * 4096).close();
    guest = new ReadingGuest(ram);
    table = PageTable.create(directory.resolve("table"), new UUID(4, 5), PAGES);
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    table.close();
    directory.close();
  }

  private static long openDescriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  @Test
  void anAttachmentThatFailsHalfwayLeavesNoDescriptorOpen() throws Exception {
    GuestAttachment.attach(guest.pid(), ram, table).close();
    QemuHandles right = table.handles();
    long before = openDescriptors();
    table.handles(
        new QemuHandles(
            right.pid(), right.startTime(), right.faultFd(), right.pipeReadFd(), 9_999));
    for (int attempt = 0; attempt < 3; attempt++) {
      assertThatThrownBy(() -> GuestAttachment.attach(guest.pid(), ram, table))
          .isInstanceOf(AttachException.class)
          .hasMessageContaining("EBADF");
    }
    assertThat(openDescriptors()).isEqualTo(before);

    table.handles(right);
    GuestAttachment.attach(guest.pid(), ram, table).close();
    assertThat(openDescriptors()).isEqualTo(before);
  }
}
