package org.smemv.lab;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/**
 * A load from its first stored value to its summary: fills memcached over all connections, then
 * lets each work on its own keys. One thread drives it and reports every second.
 */
final class LoadRun {
  private static final long MAX_MICROS = TimeUnit.MINUTES.toMicros(10);

  private static final int TICKS_PER_SECOND = 10;
  private static final long TICK_NANOS = 100_000_000;

  /** How long the end of a load, and its last question to memcached, may take. */
  private static final int END_MILLIS = 2000;

  private final LoadPlan plan;
  private final int port;
  private final CountDownLatch stop;
  private final List<LoadShare> shares = new ArrayList<>();
  private final Histogram setLatency = new Histogram(MAX_MICROS, 3);
  private final Histogram getLatency = new Histogram(MAX_MICROS, 3);

  /**
   * What is told of one second of the load.
   *
   * @param second counted from 1
   * @param sets answered in it
   * @param gets answered in it
   * @param errors since the begin: wrong answers and lost connections
   * @param p50Micros median time of its requests
   * @param p99Micros and 99 %
   * @param maxMicros the slowest that was answered in it
   */
  record Second(
      int second,
      long sets,
      long gets,
      long errors,
      long p50Micros,
      long p99Micros,
      long maxMicros) {}

  /**
   * Told once, before the load begins.
   *
   * @param values that memcached now has
   * @param millis that filling took
   */
  record Filled(int values, long millis) {}

  /**
   * What is told every tenth of a second, since the beginning.
   *
   * @param answers requests that were answered
   * @param errors wrong answers and lost connections
   */
  record Tick(long answers, long errors) {}

  /**
   * @param stop ends the load when it is counted down
   */
  LoadRun(LoadPlan plan, int port, CountDownLatch stop) {
    this.plan = plan;
    this.port = port;
    this.stop = stop;
    for (int number = 0; number < plan.connections(); number++) {
      shares.add(new LoadShare(plan, number));
    }
  }

  /**
   * Runs it.
   *
   * @param filled told once
   * @param second told every second
   * @throws LabException when memcached cannot be filled
   */
  LoadSummary run(Consumer<Filled> filled, Consumer<Second> second) throws InterruptedException {
    return run(filled, second, tick -> {});
  }

  /**
   * As the other.
   *
   * @param tick told every tenth of a second
   */
  LoadSummary run(Consumer<Filled> filled, Consumer<Second> second, Consumer<Tick> tick)
      throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(plan.connections())) {
      long begin = System.nanoTime();
      joinAll(shares.stream().map(share -> threads.submit(filling(share))).toList());
      long fillMillis = (System.nanoTime() - begin) / 1_000_000;
      filled.accept(new Filled(plan.valueCount(), fillMillis));
      return load(threads, fillMillis, second, tick);
    }
  }

  private Callable<Boolean> filling(LoadShare share) {
    return () -> {
      try (MemcachedConnection target = connect()) {
        share.fill(target);
        return true;
      }
    };
  }

  private MemcachedConnection connect() throws IOException {
    return new MemcachedConnection().open(plan.server(), port, plan.timeoutSeconds() * 1000);
  }

  private LoadSummary load(
      ExecutorService threads, long fillMillis, Consumer<Second> second, Consumer<Tick> tick)
      throws InterruptedException {
    long epochMillis = System.currentTimeMillis();
    long start = System.nanoTime();
    LoadCounters counters = new LoadCounters(start);
    LoadGaps gaps = new LoadGaps(start);
    List<LoadSeries> series = new ArrayList<>();
    List<LoadWorker> workers = new ArrayList<>();
    for (int number = 0; number < plan.connections(); number++) {
      LoadSeries own = new LoadSeries(start);
      series.add(own);
      LoadWorker worker =
          new LoadWorker(plan, port, number, shares.get(number), counters, gaps, own);
      workers.add(worker);
    }
    List<Future<?>> running = new ArrayList<>();
    for (LoadWorker worker : workers) {
      running.add(threads.submit(() -> worker.run(() -> stop.getCount() == 0)));
    }
    reportUntilStopped(counters, start, second, tick);
    long end = System.nanoTime();
    endAll(workers, running);
    gaps.answered(System.nanoTime());
    addLatencies(counters);
    return new LoadSummary(
        epochMillis,
        (end - start) / 1_000_000,
        fillMillis,
        counters.sets.sum(),
        counters.gets.sum(),
        counters.wrongValues.sum(),
        counters.misses.sum(),
        counters.protocolErrors.sum(),
        counters.lostConnections.sum(),
        counters.unanswered.sum(),
        evictions(counters),
        counters.descriptions(),
        gaps.longest(),
        LoadSummary.Latency.of(setLatency),
        LoadSummary.Latency.of(getLatency),
        Arrays.stream(LoadSeries.merge(series)).boxed().toList());
  }

  /** Waits for requests under way, but not for the whole time-out of one that is not answered. */
  private static void endAll(List<LoadWorker> workers, List<Future<?>> running)
      throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MILLIS);
    while (System.nanoTime() < deadline && !running.stream().allMatch(Future::isDone)) {
      Thread.sleep(1);
    }
    workers.forEach(LoadWorker::abort);
    joinAll(running);
  }

  private void reportUntilStopped(
      LoadCounters counters, long start, Consumer<Second> second, Consumer<Tick> tick)
      throws InterruptedException {
    long sets = 0;
    long gets = 0;
    for (int number = 1; plan.seconds() == 0 || number <= plan.seconds(); number++) {
      if (isStoppedInSecond(number, counters, start, tick)) {
        return;
      }
      Histogram both = addLatencies(counters);
      long setsNow = counters.sets.sum();
      long getsNow = counters.gets.sum();
      second.accept(
          new Second(
              number,
              setsNow - sets,
              getsNow - gets,
              counters.errors(),
              both.getValueAtPercentile(50),
              both.getValueAtPercentile(99),
              both.getMaxValue()));
      sets = setsNow;
      gets = getsNow;
    }
    stop.countDown();
  }

  /** Lets a second go by, with its ticks. */
  private boolean isStoppedInSecond(
      int number, LoadCounters counters, long start, Consumer<Tick> tick)
      throws InterruptedException {
    for (int i = 1; i <= TICKS_PER_SECOND; i++) {
      long at = (number - 1L) * TICKS_PER_SECOND + i;
      long due = start + at * TICK_NANOS - System.nanoTime();
      if (stop.await(due, TimeUnit.NANOSECONDS)) {
        return true;
      }
      tick.accept(new Tick(counters.sets.sum() + counters.gets.sum(), counters.errors()));
    }
    return false;
  }

  /** Adds what came since the last call to the totals, and returns it. */
  private Histogram addLatencies(LoadCounters counters) {
    Histogram setsSince = counters.nextSetLatency();
    Histogram getsSince = counters.nextGetLatency();
    setLatency.add(setsSince);
    getLatency.add(getsSince);
    Histogram both = new Histogram(MAX_MICROS, 3);
    both.add(setsSince);
    both.add(getsSince);
    return both;
  }

  private long evictions(LoadCounters counters) {
    try (MemcachedConnection target =
        new MemcachedConnection().open(plan.server(), port, END_MILLIS)) {
      return target.statistic("evictions");
    } catch (IOException e) {
      counters.lostConnections.increment();
      counters.describe("reading memcached's counters: " + e);
      return 0;
    }
  }

  private static void joinAll(List<? extends Future<?>> futures) throws InterruptedException {
    for (Future<?> future : futures) {
      try {
        future.get();
      } catch (ExecutionException e) {
        throw new LabException("the load failed: " + e.getCause(), e);
      }
    }
  }
}
