package org.smemv.node.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One start of a QEMU process. */
final class QemuLaunch {
  /** The emulator; found on the PATH. */
  static final String PROGRAM = "qemu-system-x86_64";

  private static final Duration POLL = Duration.ofMillis(10);
  private static final Duration ENDING = Duration.ofSeconds(2);
  private static final int LOG_LINES_SHOWN = 5;

  private final QemuSpec spec;
  private final QemuPlace place;
  private final Duration timeout;

  private QemuLaunch(QemuSpec spec, QemuPlace place, Duration timeout) {
    this.spec = spec;
    this.place = place;
    this.timeout = timeout;
  }

  static QemuBody start(QemuSpec spec, QemuPlace place, QemuBody.Mode mode, Duration timeout)
      throws IOException {
    return new QemuLaunch(spec, place, timeout).start(mode);
  }

  private QemuBody start(QemuBody.Mode mode) throws IOException {
    prepareDirectory();
    String tap = createTap();
    @Nullable Process process = null;
    try {
      Accelerator wanted = spec.accelerator();
      Accelerator accelerator = wanted == null ? Accelerator.probe() : wanted;
      process = launch(QemuCommandLine.of(spec, place, mode, accelerator));
      QemuRecord record = record(process.pid(), accelerator, tap);
      record.write(place.record());
      return new QemuBody(record, place.record(), awaitMonitor(process));
    } catch (IOException | RuntimeException e) {
      undo(process, tap, e);
      throw e;
    }
  }

  private void prepareDirectory() throws IOException {
    Files.createDirectories(
        place.directory(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Optional<QemuRecord> earlier = QemuRecord.read(place.record());
    if (earlier.isPresent() && earlier.get().process().isAlive()) {
      throw new QemuException(
          QemuException.Kind.START_FAILED,
          "VM "
              + spec.name()
              + " has a QEMU on this host already, process "
              + earlier.get().process().pid());
    }
    Files.deleteIfExists(place.qmpSocket());
  }

  private @Nullable String createTap() throws QemuException {
    QemuNet net = spec.net();
    if (net == null) {
      return null;
    }
    String tap = place.tapName(spec.name());
    TapDevice.create(spec.name(), tap, net.bridge());
    return tap;
  }

  /** Runs QEMU through setsid(1), which executes it in place, so the process id is QEMU's. */
  private Process launch(List<String> arguments) throws QemuException {
    List<String> command = new ArrayList<>(List.of("setsid", PROGRAM));
    command.addAll(arguments);
    try {
      return new ProcessBuilder(command)
          .directory(place.directory().toFile())
          .redirectInput(new File("/dev/null"))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.appendTo(place.log().toFile()))
          .start();
    } catch (IOException e) {
      throw new QemuException(
          QemuException.Kind.NO_QEMU,
          "cannot run setsid " + PROGRAM + ": " + e.getMessage() + ". Install qemu-system-x86",
          e);
    }
  }

  private QemuRecord record(long pid, Accelerator accelerator, @Nullable String tap)
      throws IOException {
    QemuProcess process;
    try {
      process = QemuProcess.of(pid);
    } catch (QemuException e) {
      throw startFailed();
    }
    return new QemuRecord(
        spec.name(),
        spec,
        place.host(),
        place.ramFile().toString(),
        place.qmpSocket().toString(),
        accelerator,
        tap,
        process);
  }

  private Qmp awaitMonitor(Process process) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
      try {
        return Qmp.connect(spec.name(), place.qmpSocket(), left);
      } catch (QmpException e) {
        if (hasEnded(process, e)) {
          throw startFailed();
        }
        // Not listening yet is the only failure that time can cure.
        if (e.kind() != QmpException.Kind.UNREACHABLE || System.nanoTime() - deadline >= 0) {
          throw e;
        }
      }
      pause();
    }
  }

  /** A QEMU that gives up closes its monitor a moment before it ends. */
  private static boolean hasEnded(Process process, QmpException e) throws IOException {
    try {
      Duration grace = e.kind() == QmpException.Kind.CLOSED ? ENDING : Duration.ZERO;
      return process.waitFor(grace.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while QEMU was starting", interrupted);
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(POLL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while QEMU was starting", e);
    }
  }

  private QemuException startFailed() {
    return new QemuException(
        QemuException.Kind.START_FAILED,
        "VM " + spec.name() + ": QEMU ended at its start: " + endOfLog());
  }

  private String endOfLog() {
    try {
      List<String> lines = Files.readAllLines(place.log(), StandardCharsets.ISO_8859_1);
      List<String> last = lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
      return last.isEmpty() ? "it said nothing" : String.join(" / ", last);
    } catch (IOException e) {
      return "and its log cannot be read: " + e.getMessage();
    }
  }

  private void undo(@Nullable Process process, @Nullable String tap, Exception cause) {
    try {
      if (process != null) {
        process.destroyForcibly();
        process.onExit().orTimeout(5, TimeUnit.SECONDS).join();
      }
      if (tap != null) {
        TapDevice.remove(spec.name(), tap);
      }
      Files.deleteIfExists(place.record());
    } catch (IOException | RuntimeException e) {
      cause.addSuppressed(e);
    }
  }
}
