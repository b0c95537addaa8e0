package org.smemv.lab;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a load: sets and gets on its share of the keys. Whatever the server does is
 * counted, not thrown. Belongs to one thread.
 */
final class LoadWorker {
  private static final long RECONNECT_MILLIS = 100;

  private final LoadPlan plan;
  private final int port;
  private final LoadShare share;
  private final LoadCounters counters;
  private final LoadGaps gaps;
  private final LoadSeries series;
  private final SplittableRandom random;
  private final KeyChoice choice;
  private volatile @Nullable MemcachedConnection connection;
  private volatile boolean aborted;

  /**
   * @param number from 0, below the plan's number of connections
   */
  LoadWorker(
      LoadPlan plan,
      int port,
      int number,
      LoadShare share,
      LoadCounters counters,
      LoadGaps gaps,
      LoadSeries series) {
    this.plan = plan;
    this.port = port;
    this.share = share;
    this.counters = counters;
    this.gaps = gaps;
    this.series = series;
    this.random = new SplittableRandom(plan.seed() * 31 + number);
    this.choice = KeyChoice.of(share.size(), plan.zipf(), random);
  }

  /** Works until told to stop. */
  void run(BooleanSupplier stopped) {
    long paceNanos =
        plan.requestsPerSecond() == 0
            ? 0
            : 1_000_000_000L * plan.connections() / plan.requestsPerSecond();
    long due = System.nanoTime() + random.nextLong(paceNanos + 1);
    while (!stopped.getAsBoolean()) {
      if (paceNanos > 0) {
        LockSupport.parkNanos(due - System.nanoTime());
        // After a pause of the server the rate is resumed, not caught up with.
        due = Math.max(due + paceNanos, System.nanoTime() - paceNanos);
      }
      request();
    }
    disconnect();
  }

  private void request() {
    int index = choice.next();
    boolean isSet = random.nextDouble() < plan.setShare();
    try {
      MemcachedConnection target = connect();
      long begin = System.nanoTime();
      if (isSet) {
        share.set(target, index);
      } else {
        get(target, index);
      }
      answered(isSet, begin, System.nanoTime());
    } catch (MemcachedConnection.ProtocolException e) {
      counters.protocolErrors.increment();
      lost(share.name(index) + ": " + e.getMessage());
    } catch (IOException e) {
      if (aborted) {
        counters.unanswered.increment();
        return;
      }
      counters.lostConnections.increment();
      lost(share.name(index) + ": " + e);
    }
  }

  private void get(MemcachedConnection target, int index) throws IOException {
    byte[] value = target.get(share.name(index));
    if (value == null) {
      counters.misses.increment();
      counters.describe(share.name(index) + " is missing");
      return;
    }
    String trouble = share.check(value, index);
    if (trouble != null) {
      counters.wrongValues.increment();
      counters.describe(share.name(index) + " " + trouble);
    }
  }

  private void answered(boolean isSet, long begin, long end) {
    gaps.answered(end);
    series.count(end);
    if (isSet) {
      counters.setTook(end - begin);
    } else {
      counters.getTook(end - begin);
    }
  }

  private MemcachedConnection connect() throws IOException {
    MemcachedConnection open = connection;
    if (open == null) {
      open = new MemcachedConnection();
      connection = open;
      open.open(plan.server(), port, plan.timeoutSeconds() * 1000);
    }
    return open;
  }

  /** A connection on which a request failed may still carry its answer, so it is not used again. */
  private void lost(String what) {
    counters.describe(what);
    disconnect();
    Pause.millis(RECONNECT_MILLIS);
  }

  /** Ends the request under way, which then counts as not answered. For any thread. */
  void abort() {
    aborted = true;
    closeConnection();
  }

  private void closeConnection() {
    MemcachedConnection open = connection;
    try {
      if (open != null) {
        open.close();
      }
    } catch (IOException e) {
      counters.describe("closing a connection: " + e);
    }
  }

  private void disconnect() {
    closeConnection();
    connection = null;
  }
}
