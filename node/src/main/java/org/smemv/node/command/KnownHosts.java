package org.smemv.node.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostEntry;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.MigrationReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** The hosts of the hosts file and what they answer. Asks all of them at once. */
public final class KnownHosts {
  private final HostsFile file;

  private KnownHosts(HostsFile file) {
    this.file = file;
  }

  static KnownHosts read(Path path) throws OperationException {
    try {
      return new KnownHosts(HostsFile.read(path));
    } catch (IOException e) {
      throw new OperationException(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()), e);
    }
  }

  /** The directory that the hosts file names; null when it names none. */
  @Nullable ApiAddress directory() {
    return file.directory();
  }

  /** Where the list is. */
  Path file() {
    return file.file();
  }

  /** One host by name. */
  public HostOperations host(String name) throws OperationException {
    HostEntry entry =
        file.host(name)
            .orElseThrow(
                () ->
                    new OperationException(
                        ErrorCode.NOT_FOUND,
                        "unknown host " + name + "; " + file.file() + " lists " + names()));
    return new ApiClient(entry);
  }

  private String names() {
    List<String> names = file.hosts().stream().map(HostEntry::name).toList();
    return names.isEmpty() ? "no hosts" : String.join(", ", names);
  }

  /** A question to one host. */
  @FunctionalInterface
  interface Question<T> {
    T ask(HostOperations host) throws OperationException;
  }

  /**
   * What one host answered.
   *
   * @param answer null when it failed
   * @param failure null when it did not
   */
  record Answer<T>(HostEntry host, @Nullable T answer, @Nullable OperationException failure) {}

  /** Asks all hosts; the answers come in the order of the hosts file. */
  <T> List<Answer<T>> askAll(Question<T> question) throws OperationException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Answer<T>>> asked = new ArrayList<>();
      for (HostEntry host : file.hosts()) {
        asked.add(threads.submit(() -> ask(host, question)));
      }
      List<Answer<T>> answers = new ArrayList<>();
      for (Future<Answer<T>> one : asked) {
        answers.add(one.get());
      }
      return answers;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException(ErrorCode.FAILED, "interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static <T> Answer<T> ask(HostEntry host, Question<T> question) {
    try {
      return new Answer<>(host, question.ask(new ApiClient(host)), null);
    } catch (OperationException e) {
      return new Answer<>(host, null, e);
    }
  }

  /** Asks all hosts and warns of those that fail; fails when all do. */
  <T> List<T> answers(Screen screen, Question<T> question) throws OperationException {
    List<T> answers = new ArrayList<>();
    @Nullable OperationException last = null;
    for (Answer<T> one : askAll(question)) {
      OperationException failure = one.failure();
      T answer = one.answer();
      if (answer != null) {
        answers.add(answer);
      } else if (failure != null) {
        screen.warn(failure.getMessage());
        last = failure;
      }
    }
    if (answers.isEmpty() && last != null) {
      throw new OperationException(
          ErrorCode.UNREACHABLE_HOST, "no host answers: " + last.getMessage(), last);
    }
    return answers;
  }

  /**
   * Where a VM runs.
   *
   * @param host its name
   * @param operations what it can be asked
   */
  record Place(String host, HostOperations operations) {}

  /** The host of a VM: the one that is given, or the one that has it. */
  Place find(Screen screen, String vm, @Nullable String givenHost) throws OperationException {
    if (givenHost != null) {
      return new Place(givenHost, host(givenHost));
    }
    List<Answer<List<VmReport>>> answers = askAll(HostOperations::vms);
    Optional<VmReport> found =
        all(answers)
            .filter(report -> report.name().equals(vm))
            // While it is received it shows up twice; it lives at its source.
            .min(Comparator.comparing(report -> report.state() == VmState.INCOMING));
    warnOfFailures(screen, answers);
    if (found.isPresent()) {
      return new Place(found.get().host(), host(found.get().host()));
    }
    throw notFound("VM " + vm, answers);
  }

  /** A migration by its id or by its VM's name; one under way before one that has ended. */
  MigrationReport migration(Screen screen, String idOrVm) throws OperationException {
    List<Answer<List<MigrationReport>>> answers = askAll(HostOperations::migrations);
    warnOfFailures(screen, answers);
    return all(answers)
        .filter(report -> report.id().equals(idOrVm) || report.vm().equals(idOrVm))
        .min(Comparator.comparing(report -> report.state().isOverOrStalled()))
        .orElseThrow(() -> notFound("migration " + idOrVm, answers));
  }

  private static <T> Stream<T> all(List<Answer<List<T>>> answers) {
    return answers.stream()
        .map(Answer::answer)
        .filter(Objects::nonNull)
        .flatMap(answer -> Objects.requireNonNull(answer).stream());
  }

  private static <T> void warnOfFailures(Screen screen, List<Answer<T>> answers) {
    for (Answer<T> answer : answers) {
      OperationException failure = answer.failure();
      if (failure != null) {
        screen.warn(failure.getMessage());
      }
    }
  }

  private static <T> OperationException notFound(String what, List<Answer<T>> answers) {
    List<String> silent =
        answers.stream()
            .filter(answer -> answer.failure() != null)
            .map(answer -> answer.host().name())
            .toList();
    return silent.isEmpty()
        ? new OperationException(ErrorCode.NOT_FOUND, "no host knows " + what)
        : new OperationException(
            ErrorCode.UNREACHABLE_HOST,
            "no host that answers knows " + what + "; unreachable: " + String.join(", ", silent));
  }
}
