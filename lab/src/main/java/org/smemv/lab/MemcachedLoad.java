package org.smemv.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.smemv.node.api.Size;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * A memcached client that checks every value it gets; a program of its own, since it runs in the
 * clients' namespace. It fills memcached, then sets and gets for a time, or until its standard
 * input ends or it gets a SIGTERM. Each line of its output is a JSON object whose {@code kind} is
 * {@code filled} (once), {@code tick} (every tenth of a second), {@code second} (every second) or
 * {@code summary} (the last). Its exit status is 1 when it found an error.
 */
@Command(
    name = "memcached-load",
    mixinStandardHelpOptions = true,
    description = "Loads a memcached and checks every value.",
    showDefaultValues = true)
final class MemcachedLoad implements Callable<Integer> {
  static final String KIND = "kind";
  static final String FILLED = "filled";
  static final String SECOND = "second";
  static final String TICK = "tick";
  static final String SUMMARY = "summary";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** How long the end of the program waits for the last requests and the summary. */
  private static final long SUMMARY_TIMEOUT_SECONDS = 40;

  @Option(names = "--server", required = true, description = "IPv4 address")
  private String server = "";

  @Option(names = "--port")
  private int port = LoadPlan.PORT;

  @Option(names = "--fill", required = true, description = "size of all values, such as 500M")
  private String fill = "";

  @Option(names = "--value-size", description = "bytes of one value")
  private int valueSize = 1024;

  @Option(names = "--connections", description = "each with a thread")
  private int connections = 8;

  @Option(names = "--duration", description = "seconds; 0 until standard input ends")
  private int duration;

  @Option(names = "--set-share", description = "part of the requests that are sets")
  private double setShare = 0.6;

  @Option(names = "--zipf", description = "skew of the keys, below 1; 0 for none")
  private double zipf;

  @Option(names = "--rate", description = "most requests a second; 0 for no limit")
  private int rate;

  @Option(names = "--timeout", description = "seconds for one request")
  private int timeout = 30;

  @Option(names = "--seed", description = "of values and choices")
  private long seed = 1;

  private final CountDownLatch stop = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);

  /** The program. */
  public static void main(String[] arguments) {
    MemcachedLoad load = new MemcachedLoad();
    int status =
        new CommandLine(load)
            .setExecutionExceptionHandler(
                (failure, _, _) -> {
                  System.err.println("memcached-load: " + failure.getMessage());
                  return 1;
                })
            .execute(arguments);
    load.over.countDown();
    System.exit(status);
  }

  @Override
  public Integer call() throws InterruptedException {
    LoadPlan plan =
        new LoadPlan(
            server,
            Size.parse(fill),
            valueSize,
            connections,
            duration,
            setShare,
            zipf,
            rate,
            timeout,
            seed);
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait));
    if (duration == 0) {
      Thread.ofPlatform().daemon().start(this::stopAtEndOfInput);
    }
    LoadSummary summary =
        new LoadRun(plan, port, stop)
            .run(
                filled -> print(FILLED, filled),
                second -> print(SECOND, second),
                tick -> print(TICK, tick));
    print(SUMMARY, summary);
    return summary.errors() == 0 ? 0 : 1;
  }

  /** The shutdown that a SIGTERM begins waits until the summary is out. */
  private void stopAndWait() {
    stop.countDown();
    try {
      var _ = over.await(SUMMARY_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void stopAtEndOfInput() {
    try {
      while (System.in.read() >= 0) {
        // Only its end says something.
      }
    } catch (IOException e) {
      // A broken input has ended, too.
    }
    stop.countDown();
  }

  private static void print(String kind, Object value) {
    ObjectNode line = JSON.createObjectNode().put(KIND, kind);
    line.setAll((ObjectNode) JSON.valueToTree(value));
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a value that is no JSON", e);
    }
  }
}
