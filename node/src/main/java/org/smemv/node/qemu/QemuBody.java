package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of a VM: its QEMU process on this host, with an open monitor.
 *
 * <p>QEMU is started in a session of its own and outlives this agent; {@link #reopen} finds it
 * again by the record in the VM's directory. The methods may be called by any thread; {@link #stop}
 * once.
 */
public final class QemuBody implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(QemuBody.class);

  /** How long QEMU may take for each of: quitting, ending on SIGTERM, ending on SIGKILL. */
  private static final Duration QUIT = Duration.ofSeconds(5);

  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration TERMINATE = Duration.ofSeconds(5);
  private static final Duration KILL = Duration.ofSeconds(5);

  /** How QEMU begins. */
  public enum Mode {
    /** Ready to run, stopped before the first instruction: {@code cont} boots it. */
    PAUSED,
    /** Waits for {@code migrate-incoming}; stays stopped after it. */
    INCOMING;

    List<String> arguments() {
      return this == PAUSED ? List.of("-S") : List.of("-S", "-incoming", "defer");
    }
  }

  private final QemuRecord record;
  private final Path recordFile;
  private @Nullable Qmp qmp;

  QemuBody(QemuRecord record, Path recordFile, @Nullable Qmp qmp) {
    this.record = record;
    this.recordFile = recordFile;
    this.qmp = qmp;
  }

  /**
   * Starts QEMU and waits until its monitor answers. A failure leaves nothing behind but the log.
   *
   * @param timeout for the monitor to answer
   */
  public static QemuBody start(QemuSpec spec, QemuPlace place, Mode mode, Duration timeout)
      throws IOException {
    return QemuLaunch.start(spec, place, mode, timeout);
  }

  /**
   * Finds the QEMU of a VM after a restart of the agent.
   *
   * @param directory the VM's directory
   * @return empty when no QEMU was ever started there, or it was stopped
   * @throws QemuException {@link QemuException.Kind#NO_SUCH_PROCESS} when it has died meanwhile
   */
  public static Optional<QemuBody> reopen(Path directory) throws IOException {
    Path file = directory.toAbsolutePath().resolve("qemu.json");
    Optional<QemuRecord> found = QemuRecord.read(file);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    QemuRecord record = found.get();
    if (!record.process().isAlive()) {
      throw new QemuException(
          QemuException.Kind.NO_SUCH_PROCESS,
          "VM "
              + record.name()
              + ": its QEMU, process "
              + record.process().pid()
              + ", has ended. See "
              + directory.resolve("qemu.log"));
    }
    return Optional.of(new QemuBody(record, file, null));
  }

  /**
   * Cleans up after a QEMU that has died: its tap device and its record. Does nothing while it
   * lives or when there is none.
   */
  public static void forgetDead(Path directory) throws IOException {
    Path file = directory.toAbsolutePath().resolve("qemu.json");
    Optional<QemuRecord> found = QemuRecord.read(file);
    if (found.isPresent() && !found.get().process().isAlive()) {
      cleanUp(found.get(), file);
    }
  }

  /**
   * Ends a QEMU whose agent died between its start and the writing of its record: nobody else would
   * ever, and it holds the VM's tap device, disk and sockets. Does nothing when there is a record.
   *
   * @param directory the VM's directory, which is named on the command line of its QEMU; another
   *     agent's QEMU, in another mount namespace, may name another directory by the same path
   */
  public static void endUnrecorded(Path directory) throws IOException {
    Path whole = directory.toAbsolutePath();
    if (QemuRecord.read(whole.resolve("qemu.json")).isPresent()) {
      return;
    }
    for (QemuProcess process : QemuProcess.naming(whole.resolve("qmp.sock").toString())) {
      if (!process.sees(whole)) {
        continue;
      }
      LOG.warn("QEMU {} was started for {} and never recorded: SIGKILL", process.pid(), whole);
      process.kill();
      if (!process.awaitEnd(KILL)) {
        throw new QemuException(
            QemuException.Kind.NOT_STOPPED,
            "QEMU " + process.pid() + " is still there after SIGKILL: it hangs in the kernel");
      }
    }
  }

  /** The process that the record in a VM's directory names, while it lives. */
  public static Optional<QemuProcess> living(Path directory) throws IOException {
    return QemuRecord.read(directory.toAbsolutePath().resolve("qemu.json"))
        .map(QemuRecord::process)
        .filter(QemuProcess::isAlive);
  }

  /** The VM's name. */
  public String name() {
    return record.name();
  }

  /** What the VM is; empty for a QEMU that somebody else started. */
  public Optional<QemuSpec> spec() {
    return Optional.ofNullable(record.spec());
  }

  /** Process id and start time. */
  public QemuProcess process() {
    return record.process();
  }

  /** The guest's RAM file. */
  public Path ramFile() {
    return Path.of(record.ramFile());
  }

  /** QEMU's monitor socket. */
  public Path qmpSocket() {
    return Path.of(record.qmpSocket());
  }

  /**
   * The monitor, connected when it is first asked for. QEMU does not answer while its main loop
   * waits for a page of the guest, so this may only be asked for once the VM's page faults are
   * served.
   *
   * @throws QmpException when QEMU does not answer in time
   */
  public synchronized Qmp qmp() throws QmpException {
    Qmp open = qmp;
    if (open == null || open.ended().isDone()) {
      open = Qmp.connect(record.name(), qmpSocket(), CONNECT);
      qmp = open;
    }
    return open;
  }

  /** What runs the guest's instructions. */
  public Accelerator accelerator() {
    return record.accelerator();
  }

  /**
   * Ends QEMU: by its monitor, then SIGTERM, then SIGKILL, each with a time-out; then removes the
   * tap device and the record. A QEMU that has ended already is fine.
   */
  public void stop() throws IOException {
    boolean told = quit();
    QemuProcess process = record.process();
    if (!process.awaitEnd(told ? QUIT : Duration.ZERO)) {
      LOG.warn("VM {}: QEMU {} does not quit: SIGTERM", name(), process.pid());
      process.terminate();
    }
    if (!process.awaitEnd(TERMINATE)) {
      LOG.warn("VM {}: QEMU {} ignores SIGTERM: SIGKILL", name(), process.pid());
      process.kill();
    }
    if (!process.awaitEnd(KILL)) {
      throw new QemuException(
          QemuException.Kind.NOT_STOPPED,
          "VM "
              + name()
              + ": QEMU "
              + process.pid()
              + " is still there after SIGKILL: it hangs in"
              + " the kernel. Look at /proc/"
              + process.pid()
              + "/stack");
    }
    cleanUp(record, recordFile);
  }

  /** False when it did not hear of it: it is dead, or deaf, and the signals follow. */
  private boolean quit() {
    try {
      if (record.process().isAlive()) {
        qmp().execute("quit", QUIT);
      }
      return true;
    } catch (QmpException e) {
      LOG.debug("VM {}: quit", name(), e);
      return false;
    } finally {
      close();
    }
  }

  /** Lets go of a QEMU that somebody else started, as if it had never been attached. */
  public void detach() throws IOException {
    close();
    Files.deleteIfExists(recordFile);
  }

  /** Closes the monitor only; QEMU goes on. */
  @Override
  public synchronized void close() {
    if (qmp != null) {
      qmp.close();
    }
  }

  static void cleanUp(QemuRecord record, Path recordFile) throws IOException {
    String tap = record.tap();
    if (tap != null) {
      TapDevice.remove(record.name(), tap);
    }
    Files.deleteIfExists(recordFile);
  }
}
