package org.smemv.node.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real QEMU for each reason to refuse one that can be had on any machine. */
@Timeout(120)
class QemuInspectionIT {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  private Path ram;
  private final List<Process> started = new ArrayList<>();
  private final List<Qmp> opened = new ArrayList<>();

  @BeforeEach
  void findTmpfs() throws IOException {
    ram = Files.createTempDirectory(Path.of("/dev/shm"), "smemv-it");
  }

  @AfterEach
  void stop() throws Exception {
    opened.forEach(Qmp::close);
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    for (String name : List.of("ram", "ram2")) {
      Files.deleteIfExists(ram.resolve(name));
    }
    Files.deleteIfExists(ram);
  }

  private String backend(String id, String file) {
    return "memory-backend-file,id=" + id + ",size=32M,mem-path=" + file + ",share=on";
  }

  private List<String> suitableMemory() {
    return List.of("-machine", "pc,memory-backend=ram0", "-object", backend("ram0", ram + "/ram"));
  }

  private QemuProcess start(String name, List<String> memory, String... more) throws IOException {
    List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-nodefaults"));
    command.addAll(List.of("-display", "none", "-accel", "tcg", "-m", "32M", "-S", "-name", name));
    command.addAll(List.of("-qmp", "unix:" + name + ".sock,server=on,wait=off"));
    command.addAll(memory);
    command.addAll(List.of(more));
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(new File(directory.toFile(), name + ".log"))
            .start();
    started.add(process);
    return QemuProcess.of(process.pid());
  }

  private Qmp monitor(String name) throws Exception {
    while (true) {
      try {
        Qmp qmp = Qmp.connect(name, directory.resolve(name + ".sock"), LONG);
        opened.add(qmp);
        return qmp;
      } catch (QmpException e) {
        assertThat(started.getLast().isAlive())
            .as(Files.readString(directory.resolve(name + ".log")))
            .isTrue();
        Thread.sleep(20);
      }
    }
  }

  private Suitability inspect(List<String> memory, String... more) throws Exception {
    QemuProcess process = start("a", memory, more);
    return QemuInspection.inspect(process, monitor("a"));
  }

  private void assertRefused(String words, String remedy, List<String> memory, String... more)
      throws Exception {
    Suitability found = inspect(memory, more);
    assertThat(found).isInstanceOf(Suitability.Unsuitable.class);
    assertThat(((Suitability.Unsuitable) found).refusals())
        .hasSize(1)
        .first()
        .asString()
        .contains(words)
        .contains(remedy);
  }

  @Test
  void aQemuWithSharedMemoryOnTmpfsIsSuitable() throws Exception {
    Path disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
    Suitability found =
        inspect(
            suitableMemory(),
            "-drive",
            "file=" + disk + ",if=virtio,format=raw,cache=writeback,aio=threads");
    assertThat(found).isInstanceOf(Suitability.Suitable.class);
  }

  @Test
  void aNamelessRamFileIsOpenedThroughQemusDescriptor() throws Exception {
    Suitability found =
        inspect(
            List.of(
                "-machine", "pc,memory-backend=ram0", "-object", backend("ram0", ram.toString())));
    Path file = ((Suitability.Suitable) found).ramFile();
    assertThat(file.toString()).startsWith("/proc/");
    assertThat(Files.size(file)).isEqualTo(32L << 20);
  }

  @Test
  void aQemuWithoutABackendHasPrivateMemory() throws Exception {
    assertRefused("private memory", "share=on", List.of());
  }

  @Test
  void aFileMappedPrivatelyIsRefused() throws Exception {
    assertRefused(
        "share=off",
        "share=on",
        List.of(
            "-machine",
            "pc,memory-backend=ram0",
            "-object",
            backend("ram0", ram + "/ram").replace("share=on", "share=off")));
  }

  @Test
  void aRamFileOnADiskIsRefused() throws Exception {
    assertRefused(
        "not tmpfs",
        "huge=never",
        List.of(
            "-machine",
            "pc,memory-backend=ram0",
            "-object",
            backend("ram0", directory.resolve("ram").toString())));
  }

  @Test
  void twoMemoryBackendsAreRefused() throws Exception {
    assertRefused(
        "2 memory backends",
        "memory-backend",
        suitableMemory(),
        "-object",
        backend("ram1", ram + "/ram2"));
  }

  @Test
  void aDiskThatBypassesThePageCacheIsRefusedByName() throws Exception {
    Path disk = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
    assertRefused(
        "'root'",
        "cache=writeback",
        suitableMemory(),
        "-drive",
        "file=" + disk + ",if=virtio,id=root,format=raw,cache=none");
  }

  @Test
  void aNetworkServedByAnotherProcessIsRefusedThoughTheMonitorIsNotUpYet() throws Exception {
    QemuProcess process =
        start(
            "a",
            suitableMemory(),
            "-chardev",
            "socket,id=c,path=vu.sock,server=on,wait=off",
            "-netdev",
            "vhost-user,id=n,chardev=c");
    QemuException e = catchThrowableOfType(QemuException.class, () -> attach(process));
    assertThat(e.kind()).isEqualTo(QemuException.Kind.UNSUITABLE);
    assertThat(e).hasMessageContainingAll("vhost-user,id=n", "-netdev tap");
  }

  private QemuAttachment attach(QemuProcess process) throws IOException {
    Path socket = directory.resolve("a.sock");
    return QemuAttachment.attach(
        "vm9", "h1", directory.resolve("vm9"), process.pid(), socket, LONG);
  }

  @Test
  void anAttachedQemuIsFoundAgain() throws Exception {
    QemuProcess process = start("a", suitableMemory());
    monitor("a").close();
    QemuAttachment attached = attach(process);
    attached.body().close();
    try (QemuBody again = QemuBody.reopen(directory.resolve("vm9")).orElseThrow()) {
      assertThat(again.process()).isEqualTo(process);
      assertThat(again.name()).isEqualTo("vm9");
      assertThat(again.spec()).isEmpty();
    }
  }

  @Test
  void aRefusedAttachmentLeavesNoRecordAndFreesTheMonitor() throws Exception {
    QemuProcess process = start("a", List.of());
    monitor("a").close();
    QemuException e = catchThrowableOfType(QemuException.class, () -> attach(process));
    assertThat(e.kind()).isEqualTo(QemuException.Kind.UNSUITABLE);
    assertThat(QemuBody.reopen(directory.resolve("vm9"))).isEmpty();
    monitor("a").execute("query-status", LONG);
  }

  @Test
  void lockedMemoryIsRefused() throws Exception {
    assertRefused("locked memory", "mem-lock=off", suitableMemory(), "-overcommit", "mem-lock=on");
  }

  @Test
  void aMonitorOfAnotherQemuIsNoticed() throws Exception {
    QemuProcess first = start("a", suitableMemory());
    start("b", List.of());
    Qmp other = monitor("b");
    QemuException e =
        catchThrowableOfType(QemuException.class, () -> QemuInspection.inspect(first, other));
    assertThat(e.kind()).isEqualTo(QemuException.Kind.SOCKET_OF_ANOTHER);
  }

  @Test
  void aProcessThatIsNotQemuIsNamed() {
    QemuException e =
        catchThrowableOfType(
            QemuException.class, () -> QemuInspection.identify(ProcessHandle.current().pid()));
    assertThat(e.kind()).isEqualTo(QemuException.Kind.NOT_QEMU);
    assertThat(e).hasMessageContaining("java");
  }

  @Test
  void aProcessThatDoesNotExistIsNamed() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    QemuException e =
        catchThrowableOfType(QemuException.class, () -> QemuInspection.identify(ended.pid()));
    assertThat(e.kind()).isEqualTo(QemuException.Kind.NO_SUCH_PROCESS);
  }
}
