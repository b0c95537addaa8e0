package org.smemv.node.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The versioned machine type behind QEMU's alias {@code pc}. Both sides of a migration must emulate
 * the same machine, so the version is settled once, when the VM is started.
 */
public final class MachineType {
  private static final Pattern ALIAS = Pattern.compile("(?m)^pc\\s.*\\(alias of (\\S+)\\)");
  private static final int PROBE_SECONDS_MAX = 20;

  private MachineType() {}

  /** What {@code pc} means to the given QEMU program, such as {@code pc-i440fx-7.2}. */
  public static String probe(String program) throws QemuException {
    try {
      Process process =
          new ProcessBuilder(program, "-machine", "help").redirectErrorStream(true).start();
      process.getOutputStream().close();
      // The list has some 8 KiB, a pipe holds 64: QEMU ends without a reader.
      if (!process.waitFor(PROBE_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new QemuException(
            QemuException.Kind.NO_QEMU,
            program + " -machine help has not ended within " + PROBE_SECONDS_MAX + " s");
      }
      byte[] help = process.getInputStream().readAllBytes();
      return parse(program, new String(help, StandardCharsets.UTF_8));
    } catch (QemuException e) {
      throw e;
    } catch (IOException e) {
      throw cannotRun(program, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw cannotRun(program, e);
    }
  }

  /** What {@code pc} means to the QEMU that {@link QemuBody} starts. */
  public static String probe() throws QemuException {
    return probe(QemuLaunch.PROGRAM);
  }

  private static QemuException cannotRun(String program, Exception e) {
    return new QemuException(
        QemuException.Kind.NO_QEMU,
        "cannot run " + program + ": " + e.getMessage() + ". Install qemu-system-x86",
        e);
  }

  static String parse(String program, String help) throws QemuException {
    Matcher alias = ALIAS.matcher(help);
    if (alias.find()) {
      return alias.group(1);
    }
    throw new QemuException(
        QemuException.Kind.NO_QEMU,
        program + " -machine help names no machine type behind 'pc': is this QEMU for x86-64?");
  }
}
