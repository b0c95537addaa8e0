package org.smemv.linux;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command that runs a class of this build in a Java process of its own, with this process' Java
 * platform and class path, and with leave to call foreign functions.
 */
public final class JavaCommand {
  /** What every process of this project is run with: small, and started soon. */
  private static final List<String> FLAGS =
      List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC");

  private JavaCommand() {}

  /**
   * Program and arguments, as {@link ProcessBuilder} takes them.
   *
   * @param mainClass the name of a class with a main method
   * @param flags for the Java machine, besides those that all have
   * @param arguments for the program
   */
  public static List<String> of(String mainClass, List<String> flags, Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(FLAGS);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
    for (Object argument : arguments) {
      command.add(String.valueOf(argument));
    }
    return command;
  }

  /** As above, for a class that this one knows. */
  public static List<String> of(Class<?> mainClass, List<String> flags, Object... arguments) {
    return of(mainClass.getName(), flags, arguments);
  }
}
