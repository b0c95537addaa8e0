package org.smemv.bench;

import java.util.List;
import java.util.Locale;
import org.smemv.placement.PageSize;

/**
 * What {@link PageServerBench} measured.
 *
 * @param pages pages stored in each server
 * @param connections connections to each server
 * @param rows one comparison each
 * @param ours overhead of the page server
 * @param memcached overhead of memcached
 */
public record PageServerReport(
    long pages, int connections, List<Row> rows, Overhead ours, Overhead memcached) {

  /**
   * One comparison.
   *
   * @param operation what was done
   * @param batch pages in one request
   * @param window requests under way per connection
   * @param oursPerSecond pages per second of the page server, median of the rounds
   * @param memcachedPerSecond pages per second of memcached, median of the rounds
   */
  public record Row(
      String operation, int batch, int window, double oursPerSecond, double memcachedPerSecond) {
    /** Ours to memcached; above 1 ours is faster. */
    public double ratio() {
      return oursPerSecond / memcachedPerSecond;
    }
  }

  /**
   * Memory beside the contents of pages.
   *
   * @param accountedBytes per page, by the server's own account
   * @param residentBytes per page held from the kernel: ours is whole slabs and the index, without
   *     the JVM itself; memcached's is what its resident memory grew by
   */
  public record Overhead(double accountedBytes, double residentBytes) {}

  /** The table for people. */
  public String table() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "Page server against memcached: %d pages of 4 KiB (%d MiB), %d connections, loopback%n"
                + "%n%-36s %12s %10s %12s %10s %8s%n",
            pages,
            pages * PageSize.BYTES / (1 << 20),
            connections,
            "",
            "S-memV/s",
            "MB/s",
            "memcached/s",
            "MB/s",
            "ratio"));
    for (Row row : rows) {
      String name = row.operation() + ", " + row.batch() + " x " + row.window();
      text.append(
          String.format(
              Locale.ROOT,
              "%-36s %,12.0f %,10.0f %,12.0f %,10.0f %8.2f%n",
              name,
              row.oursPerSecond(),
              megabytes(row.oursPerSecond()),
              row.memcachedPerSecond(),
              megabytes(row.memcachedPerSecond()),
              row.ratio()));
    }
    return text.append(overheadTable()).toString();
  }

  private String overheadTable() {
    return String.format(
        Locale.ROOT,
        "%nmemory beside a page's 4096 bytes %24s %24s%n%-36s %14.1f (%5.2f %%) %14.1f (%5.2f %%)%n"
            + "%-36s %14.1f (%5.2f %%) %14.1f (%5.2f %%)%n%n"
            + "\"64 x 4\": 64 pages by one write, 4 such writes under way on each connection. S-memV"
            + " sends%none frame for them; memcached has no set of many, so it gets as many sets, and"
            + " a get of many%nkeys or as many gets of one. S-memV also computes and verifies the"
            + " checksum of every page.%n"
            + "(*) S-memV: whole slabs and the index, by its own account and without the JVM itself;"
            + "%nmemcached: growth of its resident memory.%n",
        "S-memV",
        "memcached",
        "  by its own account, bytes",
        ours.accountedBytes(),
        percent(ours.accountedBytes()),
        memcached.accountedBytes(),
        percent(memcached.accountedBytes()),
        "  by memory held, bytes (*)",
        ours.residentBytes(),
        percent(ours.residentBytes()),
        memcached.residentBytes(),
        percent(memcached.residentBytes()));
  }

  private static double percent(double bytes) {
    return 100 * bytes / PageSize.BYTES;
  }

  private static double megabytes(double pagesPerSecond) {
    return pagesPerSecond * PageSize.BYTES / 1e6;
  }
}
