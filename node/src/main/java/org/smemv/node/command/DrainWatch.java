package org.smemv.node.command;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.DrainReport.Item;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;

/** Follows a drain until the host is empty or nothing moves any more, a line for each change. */
final class DrainWatch {
  private static final Duration LOOK = Duration.ofMillis(500);

  /** A restarted agent is back by then. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(30);

  private final Screen screen;
  private final HostOperations host;
  private final Map<String, String> shown = new HashMap<>();
  private long heardNanos = System.nanoTime();

  DrainWatch(Screen screen, HostOperations host) {
    this.screen = screen;
    this.host = host;
  }

  ExitCode watch() throws OperationException {
    while (true) {
      DrainReport report = heard();
      if (report != null) {
        show(report);
        switch (report.state()) {
          case EMPTY -> {
            screen.data(report);
            screen.line("host " + report.host() + " is empty");
            return ExitCode.OK;
          }
          case STUCK -> {
            screen.data(report);
            throw new OperationException(ErrorCode.FAILED, stuck(report));
          }
          case OFF ->
              throw new OperationException(
                  ErrorCode.FAILED, "host " + report.host() + " is not draining any more");
          case MOVING -> {}
        }
      }
      pause();
    }
  }

  /** Null when its agent may just be restarted. */
  private @Nullable DrainReport heard() throws OperationException {
    try {
      DrainReport report = host.drain();
      heardNanos = System.nanoTime();
      return report;
    } catch (OperationException e) {
      boolean silent = System.nanoTime() - heardNanos >= SILENCE_MAX.toNanos();
      if (e.code() != ErrorCode.UNREACHABLE_HOST || silent) {
        throw e;
      }
      return null;
    }
  }

  private void show(DrainReport report) {
    for (Item item : report.items()) {
      String line = line(item);
      String state = item.state() + String.valueOf(item.reason()) + item.to();
      if (!state.equals(shown.put(what(item), state))) {
        screen.line(line);
      }
    }
  }

  private static String what(Item item) {
    return switch (item.kind()) {
      case VM -> "VM " + item.vm();
      case SHARE -> "the part of VM " + item.vm();
      case LEFT -> "what VM " + item.vm() + " left";
      case RESERVATION -> item.vm();
    };
  }

  private static String line(Item item) {
    String to = item.to().isEmpty() ? "" : " to " + String.join(", ", item.to());
    String because = item.reason() == null ? "" : ": " + item.reason();
    return what(item)
        + switch (item.state()) {
          case WAITING -> " waits" + because;
          case MOVING -> " moves" + to + ", " + Size.format(item.bytes()) + because;
          case FAILED -> " was not moved" + because + again(item);
          case MOVED -> " has moved" + to + because;
        };
  }

  private static String again(Item item) {
    long seconds = (item.retryMillis() + 999) / 1000;
    return seconds == 0 ? "" : "; next try in " + seconds + " s";
  }

  private static String stuck(DrainReport report) {
    List<Item> left = report.left();
    return "host %s is not empty; %s. Its agent goes on trying, until 'smemv host undrain %s'"
        .formatted(
            report.host(),
            left.stream().map(DrainWatch::line).collect(Collectors.joining("; ")),
            report.host());
  }

  private static void pause() throws OperationException {
    try {
      Thread.sleep(LOOK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException(ErrorCode.FAILED, "interrupted; the drain goes on", e);
    }
  }
}
