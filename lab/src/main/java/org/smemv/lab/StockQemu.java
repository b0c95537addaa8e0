package org.smemv.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.smemv.node.qemu.Accelerator;
import org.smemv.node.qemu.Qmp;
import org.smemv.node.qemu.QmpException;

/**
 * A QEMU in a host of the lab with memory of its own and no S-memV: what the benchmarks compare
 * with. Its network card is a tap on the host's bridge, so the guest has the same address on every
 * host. One thread at a time.
 */
public final class StockQemu implements AutoCloseable {
  private static final Duration QMP_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration END_TIMEOUT = Duration.ofSeconds(10);

  /** An answer of its monitor may take this long when the host is busy. */
  private static final Duration ANSWER = Duration.ofSeconds(30);

  private final LabHost host;
  private final StockVm vm;
  private final RecordedProcess process;
  private final Qmp qmp;
  private boolean closed;

  private StockQemu(LabHost host, StockVm vm, RecordedProcess process, Qmp qmp) {
    this.host = host;
    this.vm = vm;
    this.process = process;
    this.qmp = qmp;
  }

  /**
   * Starts a VM; its guest boots from now on.
   *
   * @throws LabException when QEMU does not start
   */
  public static StockQemu boot(LabHost host, StockVm vm, GuestImage image) {
    return start(host, vm, image, List.of());
  }

  /** Starts an empty VM that waits for {@link StockMigration} on that TCP port. */
  static StockQemu awaiting(LabHost host, StockVm vm, GuestImage image, int port) {
    String address = "tcp:%s:%d".formatted(host.plan().address(), port);
    return start(host, vm, image, List.of("-incoming", address));
  }

  private static StockQemu start(LabHost host, StockVm vm, GuestImage image, List<String> more) {
    host.addTap(vm.tap());
    try {
      List<String> command = new ArrayList<>(command(host, vm, image));
      command.addAll(more);
      Path log = file(host, vm, "log");
      RecordedProcess process = host.place().startDetached(command, log);
      return new StockQemu(host, vm, process, connect(host, vm, process));
    } catch (LabException e) {
      host.removeTap(vm.tap());
      throw e;
    }
  }

  private static List<String> command(LabHost host, StockVm vm, GuestImage image) {
    return List.of(
        "qemu-system-x86_64",
        "-machine",
        "pc", //
        "-accel",
        Accelerator.probe().argument(), // as S-memV starts it
        "-m",
        (vm.memoryBytes() >> 20) + "M",
        "-smp",
        Accelerator.probe().processors(vm.cpus()),
        "-nodefaults",
        "-nographic",
        "-no-reboot",
        "-serial",
        "file:" + file(host, vm, "console"),
        "-kernel",
        image.kernel().toString(),
        "-initrd",
        image.initrd().toString(),
        "-append",
        vm.guest().commandLine(),
        "-netdev",
        "tap,id=net0,ifname=%s,script=no,downscript=no".formatted(vm.tap()),
        // Without a ROM there is no network boot to wait for.
        "-device",
        "virtio-net-pci,netdev=net0,romfile=,mac=" + vm.mac(),
        "-qmp",
        "unix:%s,server=on,wait=off".formatted(file(host, vm, "qmp")));
  }

  private static Qmp connect(LabHost host, StockVm vm, RecordedProcess process) {
    Path socket = file(host, vm, "qmp");
    @Nullable Qmp[] opened = {null};
    Pause.until(
        QMP_TIMEOUT,
        () -> {
          try {
            opened[0] = Qmp.connect(vm.name(), socket, QMP_TIMEOUT);
            return true;
          } catch (IOException notYet) {
            return !process.isAlive();
          }
        });
    Qmp connection = opened[0];
    if (connection == null) {
      process.kill();
      throw new LabException(
          "QEMU on %s did not start: %s"
              .formatted(host.plan().name(), LogTail.of(file(host, vm, "log"))));
    }
    return connection;
  }

  private static Path file(LabHost host, StockVm vm, String suffix) {
    return host.plan().folder().resolve("stock-" + vm.name() + "." + suffix);
  }

  /** What the guest wrote to its serial console. */
  public String console() {
    try {
      return Files.readString(file(host, vm, "console"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new LabException("cannot read the console of " + vm.name() + ": " + e, e);
    }
  }

  /** The host it runs on. */
  LabHost host() {
    return host;
  }

  /**
   * Has its monitor execute a command.
   *
   * @return what QEMU returned
   * @throws LabException when QEMU refuses, does not answer, or is gone
   */
  JsonNode execute(String command, Map<String, ?> arguments) {
    try {
      return qmp.execute(command, arguments, ANSWER);
    } catch (QmpException e) {
      throw new LabException(String.valueOf(e.getMessage()), e);
    }
  }

  /** QEMU's run state, such as {@code running} or {@code inmigrate}. */
  String status() {
    JsonNode answer = execute("query-status", Map.of());
    return answer.path("status").asText();
  }

  /** Ends it, if it runs, and takes its tap away. The second call does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    process.kill();
    if (!Pause.until(END_TIMEOUT, () -> !process.isAlive())) {
      throw new LabException("QEMU (process %d) does not end".formatted(process.pid()));
    }
    try {
      qmp.close();
      Files.deleteIfExists(file(host, vm, "qmp"));
    } catch (IOException e) {
      throw new LabException("cannot remove the files of " + vm.name() + ": " + e, e);
    } finally {
      host.removeTap(vm.tap());
    }
  }
}
