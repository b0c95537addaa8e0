package org.smemv.node.command;

import org.jspecify.annotations.Nullable;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.DirectoryClient;
import org.smemv.node.api.DirectoryOperations;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import picocli.CommandLine.Option;

/** Which directory a command asks: the option's, else that of the hosts file, else none. */
final class DirectoryChoice {
  @Option(
      names = "--directory",
      paramLabel = ApiAddress.SYNTAX,
      description =
          "The directory to ask; else the one that the hosts file names, else every host itself.")
  private @Nullable String directory;

  /** Whether it was given on the command line: then nothing else will do. */
  boolean isGiven() {
    return directory != null;
  }

  /** Null when there is none. */
  @Nullable DirectoryOperations find(SmemvTask task) throws OperationException {
    String given = directory;
    if (given != null) {
      return new DirectoryClient(ApiAddress.parse("--directory", given));
    }
    ApiAddress named = task.hosts().directory();
    return named == null ? null : new DirectoryClient(named);
  }

  /** A question to the directory. */
  @FunctionalInterface
  interface Question<T> {
    T ask(DirectoryOperations directory) throws OperationException;
  }

  /**
   * What the directory answers; null when there is none, or when the one of the hosts file is away:
   * then every host is to be asked.
   */
  <T> @Nullable T answer(SmemvTask task, Question<T> question) throws OperationException {
    DirectoryOperations found = find(task);
    if (found == null) {
      return null;
    }
    try {
      return question.ask(found);
    } catch (OperationException e) {
      if (isGiven() || e.code() != ErrorCode.UNREACHABLE_HOST) {
        throw e;
      }
      task.screen().warn(e.getMessage() + " Asking every host itself");
      return null;
    }
  }
}
