package org.smemv.lab;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.smemv.linux.JavaCommand;
import org.smemv.node.command.SmemvCommand;

/**
 * Lets the Java processes of a lab start in a third of the time: what the Java machine finds out
 * about this build's classes when an agent starts is written down once (an AOT cache, JEP 483 and
 * 515), beside the agent's jar, and read by all that start later. Without it they start as ever.
 *
 * <p>The Java machine takes the file only with the jars that it was made from, in the same order;
 * folders cannot be part of it. So jars come first in the class path.
 */
final class QuickStart {
  private static final String PREFIX = "smemv-";
  private static final String SUFFIX = ".aot";

  /** Whatever the Java machine has to say of its file does not belong into a program's output. */
  private static final List<String> WARNINGS = List.of("-Xlog:disable", "-Xlog:all=warning:stderr");

  private QuickStart() {}

  /** A {@link JavaCommand} of this process' classes, which starts quickly if that was prepared. */
  static List<String> command(String mainClass, List<String> flags, Object... arguments) {
    List<String> all = new ArrayList<>(WARNINGS);
    all.addAll(flags);
    cache().filter(Files::exists).ifPresent(file -> all.add("-XX:AOTCache=" + file));
    return withClassPath(
        JavaCommand.of(mainClass, all, arguments),
        Stream.concat(jars().stream(), folders().stream()).toList());
  }

  /**
   * Has a first agent start, unless that was done for this build; takes some seconds. Where it
   * cannot be done nothing happens.
   */
  static void prepare() {
    Path file = cache().orElse(null);
    if (file == null || Files.exists(file)) {
      return;
    }
    try {
      Path aside = file.resolveSibling(ProcessHandle.current().pid() + "-" + file.getFileName());
      FirstAgent.run(
          (flags, arguments) ->
              withClassPath(JavaCommand.of(SmemvCommand.class, flags, arguments.toArray()), jars()),
          aside);
      if (Files.exists(aside)) {
        removeOthers(file.resolveSibling("."), aside);
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      // A folder that cannot be written to, say: everything works without.
      System.err.println("agents of the lab will start slowly: " + e);
    }
  }

  private static List<String> withClassPath(List<String> command, List<String> classPath) {
    List<String> changed = new ArrayList<>(command);
    changed.set(changed.indexOf("-cp") + 1, String.join(File.pathSeparator, classPath));
    return changed;
  }

  private static List<String> classPath() {
    return List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1));
  }

  private static List<String> jars() {
    return classPath().stream().filter(entry -> entry.endsWith(".jar")).toList();
  }

  private static List<String> folders() {
    return classPath().stream().filter(entry -> !entry.endsWith(".jar")).toList();
  }

  /** Where it is or would be; empty when the agent is not in a jar. */
  static Optional<Path> cache() {
    try {
      Path agent =
          Path.of(SmemvCommand.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (!agent.toString().endsWith(".jar")) {
        return Optional.empty();
      }
      return Optional.of(agent.resolveSibling(PREFIX + key() + SUFFIX));
    } catch (URISyntaxException | IOException e) {
      return Optional.empty();
    }
  }

  /** Changes with the Java machine and with each jar. */
  private static String key() throws IOException {
    StringBuilder all = new StringBuilder(System.getProperty("java.vm.version"));
    for (String jar : jars()) {
      Path file = Path.of(jar);
      all.append("\n").append(jar).append(' ').append(Files.size(file));
      all.append(' ').append(Files.getLastModifiedTime(file).toMillis());
    }
    try {
      byte[] text = all.toString().getBytes(StandardCharsets.UTF_8);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text);
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("a Java platform without SHA-256", e);
    }
  }

  /** Those of earlier builds. */
  private static void removeOthers(Path folder, Path except) throws IOException {
    try (DirectoryStream<Path> old =
        Files.newDirectoryStream(folder, "*" + PREFIX + "*" + SUFFIX)) {
      for (Path file : old) {
        if (!file.getFileName().equals(except.getFileName())) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
