package org.smemv.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** A {@link MemcachedLoad} that runs in the clients' namespace. Its methods are for any thread. */
public final class RunningLoad implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final CompletableFuture<Boolean> filled = new CompletableFuture<>();
  private final CompletableFuture<LoadSummary> summary = new CompletableFuture<>();
  private volatile long requestsLastSecond;
  private final AtomicInteger ticksWithAnswers = new AtomicInteger();
  private volatile long errors;
  private long answers;

  private RunningLoad(Process process) {
    this.process = process;
  }

  static RunningLoad start(LabPlace client, LoadPlan plan) {
    List<String> command =
        QuickStart.command(MemcachedLoad.class.getName(), List.of("-Xms32m", "-Xmx256m"));
    command.addAll(plan.arguments());
    RunningLoad load = new RunningLoad(client.start(command, ProcessBuilder.Redirect.INHERIT));
    Thread.ofVirtual().start(load::read);
    return load;
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        take(JSON.readTree(line));
      }
    } catch (IOException | IllegalArgumentException e) {
      summary.completeExceptionally(e);
    }
    LabException ended = new LabException("the load ended without a summary; see its messages");
    filled.completeExceptionally(ended);
    summary.completeExceptionally(ended);
  }

  private void take(JsonNode line) {
    switch (line.path(MemcachedLoad.KIND).asText()) {
      case MemcachedLoad.FILLED -> filled.complete(true);
      case MemcachedLoad.TICK -> {
        long now = line.path("answers").asLong();
        ticksWithAnswers.addAndGet(now > answers ? 1 : 0);
        answers = now;
        errors = line.path("errors").asLong();
      }
      case MemcachedLoad.SECOND ->
          requestsLastSecond = line.path("sets").asLong() + line.path("gets").asLong();
      default -> {
        ((ObjectNode) line).remove(MemcachedLoad.KIND);
        summary.complete(JSON.convertValue(line, LoadSummary.class));
      }
    }
  }

  /**
   * Waits until memcached has all values and the load begins.
   *
   * @throws LabException when it fails or takes longer
   */
  public void awaitFilled(Duration timeout) {
    var _ = await(filled, timeout, "memcached was not filled");
  }

  /** Requests that were answered in the last whole second; 0 before. */
  public long requestsLastSecond() {
    return requestsLastSecond;
  }

  /**
   * How many whole tenths of a second had an answer so far. As the first one after a call of this
   * may have begun before the call, two more mean answers after it.
   */
  public int ticksWithAnswers() {
    return ticksWithAnswers.get();
  }

  /** Wrong answers and lost connections up to the last whole tenth of a second. */
  public long errors() {
    return errors;
  }

  /**
   * Ends the load.
   *
   * @return all it has seen
   * @throws LabException when it failed, or does not end because the server does not answer
   */
  public LoadSummary stop() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new LabException("cannot stop the load: " + e, e);
    }
    return awaitSummary(Duration.ofSeconds(45));
  }

  /**
   * Waits for the end of a load that has a fixed time.
   *
   * @throws LabException when it failed or takes longer
   */
  public LoadSummary awaitSummary(Duration timeout) {
    return await(summary, timeout, "the load has no summary");
  }

  private static <T> T await(CompletableFuture<T> future, Duration timeout, String what) {
    try {
      return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new LabException("%s within %d s".formatted(what, timeout.toSeconds()), e);
    } catch (ExecutionException e) {
      throw new LabException("%s: %s".formatted(what, e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while waiting for the load", e);
    }
  }

  /** Ends it without a summary, if it still runs. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
