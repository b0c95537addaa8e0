package org.smemv.node.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.ApiError;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.OperationException;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;

/** The root of the command line, and the program's start. */
@Command(
    name = "smemv",
    description = "Splits the memory of virtual machines over hosts, while they run.",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = SmemvVersion.class,
    usageHelpAutoWidth = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:the operation failed; the message says where the VM is safe",
      "2:the command line makes no sense; nothing was done",
      "3:a host does not answer",
      "4:no such VM, host or migration",
      "5:refused: no capacity, unsuitable, busy or name taken; nothing has changed",
      "6:the VM or its migration is stalled: a host that holds its memory is missing"
    },
    subcommands = {
      VmCommand.class,
      HostCommand.class,
      AgentCommand.class,
      DirectoryCommand.class,
      GenerateCompletion.class
    })
public final class SmemvCommand extends CommandGroup {
  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "Print data instead of text; every error as {code, message, host}.")
  private boolean json;

  @Option(
      names = "--hosts-file",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description =
          "The list of hosts; else the environment's SMEMV_HOSTS, else /run/smemv/hosts.json.")
  private @Nullable Path hostsFile;

  /** Starts the program. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The whole command line, with the commands of all modules present. */
  public static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new SmemvCommand());
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      commandLine.addSubcommand(provider.command());
    }
    return commandLine
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(SmemvCommand::failed)
        .setParameterExceptionHandler(
            inJson(commandLine, commandLine.getParameterExceptionHandler()));
  }

  /** What makes no sense is told as an object too, where data is wanted; else as picocli does. */
  private static IParameterExceptionHandler inJson(
      CommandLine commandLine, IParameterExceptionHandler inText) {
    return (e, arguments) -> {
      if (!wantsJson(arguments)) {
        return inText.handleParseException(e, arguments);
      }
      new Screen(commandLine.getOut(), commandLine.getErr(), true)
          .error(new ApiError(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()), ""));
      return ExitCode.USAGE.number();
    };
  }

  /**
   * The words themselves are asked, because a line that makes no sense was not parsed to its end.
   */
  private static boolean wantsJson(String[] arguments) {
    List<String> words = List.of(arguments);
    int end = words.indexOf("--");
    return (end < 0 ? words : words.subList(0, end)).contains("--json");
  }

  /** Whether data is wanted instead of text for people. */
  public boolean json() {
    return json;
  }

  /** Where the hosts are listed. */
  Path hostsFile() {
    if (hostsFile != null) {
      return hostsFile;
    }
    return Optional.ofNullable(System.getenv("SMEMV_HOSTS"))
        .map(Path::of)
        .orElse(HostsFile.DEFAULT);
  }

  private static int failed(Exception e, CommandLine commandLine, ParseResult parsed) {
    SmemvCommand root = (SmemvCommand) commandLine.getCommandSpec().root().userObject();
    Screen screen = new Screen(commandLine.getOut(), commandLine.getErr(), root.json());
    if (e instanceof OperationException operation) {
      screen.error(new ApiError(operation.code(), operation.getMessage(), ""));
      return ExitCode.of(operation.code()).number();
    }
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    screen.error(new ApiError(ErrorCode.FAILED, message, ""));
    return ExitCode.FAILED.number();
  }
}
