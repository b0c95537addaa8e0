package org.smemv.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageServer;
import org.smemv.paging.PageStore;
import org.smemv.paging.SlabPool;
import org.smemv.paging.TrafficClass;
import org.smemv.placement.PageSize;

/**
 * The page server against memcached in one run: the same pages, the same number of connections, the
 * same pages under way, the same socket class, turn by turn.
 */
public final class PageServerBench {
  private static final UUID VM = new UUID(0, 1);

  /**
   * What to measure.
   *
   * @param pages pages to store, all connections together
   * @param connections connections to each server, one client thread each
   * @param batch pages in a request of several, 2..256
   * @param depth pages under way per connection: a multiple of the batch
   * @param rounds rounds that count, after one that does not
   * @param round how long a round lasts at least: as many passes over all pages as it takes
   */
  public record Options(
      long pages, int connections, int batch, int depth, int rounds, Duration round) {
    /** Checks that the numbers make sense together. */
    public Options {
      if (pages < connections
          || connections < 1
          || batch < 2
          || batch > 256
          || depth < batch
          || depth / batch > 64
          || rounds < 1) {
        throw new IllegalArgumentException(
            pages
                + " pages, "
                + connections
                + " connections, batches of "
                + batch
                + ", depth "
                + depth
                + ", "
                + rounds
                + " rounds cannot be measured");
      }
    }
  }

  private final Options options;
  private final ExecutorService threads;

  private PageServerBench(Options options, ExecutorService threads) {
    this.options = options;
    this.threads = threads;
  }

  /**
   * Runs the comparison.
   *
   * @throws IOException when memcached is not installed or does not start
   */
  public static PageServerReport run(Options options) throws IOException {
    try (ExecutorService threads = Executors.newFixedThreadPool(options.connections());
        Arena arena = Arena.ofShared()) {
      return new PageServerBench(options, threads).run(new BenchPages(arena));
    }
  }

  private PageServerReport run(BenchPages pages) throws IOException {
    long bytes = options.pages() * PageSize.BYTES;
    int megabytes = Math.toIntExact((bytes * 3 / 2 / (1 << 20)) + 256);
    try (SlabPool pool = new SlabPool(options.pages(), 64);
        PageStore store = new PageStore(VM, pool, options.pages(), options.pages(), 1);
        PageServer server =
            BenchPageServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), "bench", VM, store);
        MemcachedProcess memcached = MemcachedProcess.start(megabytes, options.connections())) {
      long residentBefore = memcached.residentBytes();
      List<PageServerReport.Row> rows = measure(server, memcached, pages);
      double accounted = memcached.stat("bytes") - bytes;
      double resident = memcached.residentBytes() - residentBefore - bytes;
      double index = store.status().indexBytes() + pool.indexBytes();
      double slack = pool.memoryBytes() - bytes;
      double count = options.pages();
      return new PageServerReport(
          options.pages(),
          options.connections(),
          rows,
          new PageServerReport.Overhead(index / count, (index + slack) / count),
          new PageServerReport.Overhead(accounted / count, resident / count));
    }
  }

  private List<PageServerReport.Row> measure(
      PageServer server, MemcachedProcess memcached, BenchPages pages) {
    List<PageServerReport.Row> rows = new ArrayList<>();
    try (Clients ours = new Clients(client -> smemv(server, client, pages));
        Clients theirs = new Clients(client -> new MemcachedClient(memcached.address(), pages))) {
      int window = options.depth() / options.batch();
      rows.add(compare(Operation.PUT, ours, theirs, options.batch(), window));
      rows.add(compare(Operation.GET, ours, theirs, options.batch(), window));
      rows.add(compare(Operation.GET_EACH, ours, theirs, options.batch(), window));
      int single = Math.min(options.depth(), 64);
      rows.add(compare(Operation.PUT, ours, theirs, 1, single));
      rows.add(compare(Operation.GET_EACH, ours, theirs, 1, single));
    }
    return rows;
  }

  private static PageClient smemv(PageServer server, int client, BenchPages pages) {
    return new SmemvClient(
        new LinkTarget(
            server.address(),
            VM,
            1,
            TrafficClass.BULK,
            0,
            "client-" + client,
            Duration.ofSeconds(10)),
        pages);
  }

  /** What a round does. */
  private enum Operation {
    PUT("PUT / set"),
    GET("GET / get many"),
    GET_EACH("GET / get each");

    private final String title;

    Operation(String title) {
      this.title = title;
    }

    void run(PageClient client, long first, long end, int batch, int window) {
      switch (this) {
        case PUT -> client.put(first, end, batch, window);
        case GET -> client.get(first, end, batch, window);
        case GET_EACH -> client.getEach(first, end, batch, window);
      }
    }
  }

  private PageServerReport.Row compare(
      Operation operation, Clients ours, Clients theirs, int batch, int window) {
    double[] ourRates = new double[options.rounds()];
    double[] theirRates = new double[options.rounds()];
    for (int round = -1; round < options.rounds(); round++) {
      double our = ours.rate(operation, batch, window);
      double their = theirs.rate(operation, batch, window);
      if (round >= 0) { // the first only warms up both
        ourRates[round] = our;
        theirRates[round] = their;
      }
    }
    return new PageServerReport.Row(
        operation.title, batch, window, median(ourRates), median(theirRates));
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }

  /** All connections to one server. */
  private final class Clients implements AutoCloseable {
    private final List<PageClient> clients = new ArrayList<>();

    Clients(IntFunction<PageClient> connect) {
      for (int i = 0; i < options.connections(); i++) {
        clients.add(connect.apply(i));
      }
    }

    /** Has every client work on its part again and again; returns pages per second. */
    double rate(Operation operation, int batch, int window) {
      long start = System.nanoTime();
      long done = 0;
      while (done == 0 || System.nanoTime() - start < options.round().toNanos()) {
        pass(operation, batch, window);
        done += options.pages();
      }
      return done * 1e9 / (System.nanoTime() - start);
    }

    private void pass(Operation operation, int batch, int window) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < clients.size(); i++) {
        PageClient client = clients.get(i);
        long first = options.pages() * i / clients.size();
        long end = options.pages() * (i + 1) / clients.size();
        running.add(threads.submit(() -> operation.run(client, first, end, batch, window)));
      }
      running.forEach(Clients::join);
    }

    private static void join(Future<?> work) {
      try {
        work.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("a client failed", e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }

    @Override
    public void close() {
      clients.forEach(PageClient::close);
    }
  }
}
