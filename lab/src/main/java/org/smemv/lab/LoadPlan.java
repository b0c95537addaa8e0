package org.smemv.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * What a client is to ask of memcached. Immutable.
 *
 * @param server its IPv4 address
 * @param fillBytes bytes of values that are stored before the load begins; memcached must have a
 *     fifth more, or it evicts
 * @param valueBytes bytes of one value, 8 to 512 KiB
 * @param connections 1 to 1000, each with a thread and its own share of the keys
 * @param seconds how long the load lasts; 0 until it is told to stop
 * @param setShare part of the requests that store, 0 to 1; the others fetch
 * @param zipf skew of the keys' popularity, below 1; 0 for all keys alike. The values that were
 *     stored first are the popular ones
 * @param requestsPerSecond most requests of all connections together; 0 for no limit
 * @param timeoutSeconds a request that takes longer has failed
 * @param seed of values and choices
 */
public record LoadPlan(
    String server,
    long fillBytes,
    int valueBytes,
    int connections,
    int seconds,
    double setShare,
    double zipf,
    int requestsPerSecond,
    int timeoutSeconds,
    long seed) {
  static final int PORT = 11211;
  private static final int CONNECTIONS_MAX = 1000;
  private static final int VALUE_BYTES_MAX = 512 << 10;

  /**
   * Rejects what cannot be run.
   *
   * @throws LabException when a number is out of its range
   */
  public LoadPlan {
    require(connections >= 1 && connections <= CONNECTIONS_MAX, "1 to 1000 connections");
    require(valueBytes >= Long.BYTES && valueBytes <= VALUE_BYTES_MAX, "values of 8 B to 512 KiB");
    require(setShare >= 0 && setShare <= 1, "a share of sets between 0 and 1");
    require(zipf >= 0 && zipf < 1, "a skew from 0 to below 1");
    require(seconds >= 0 && requestsPerSecond >= 0, "a duration and a rate that are not negative");
    require(timeoutSeconds >= 1, "a time-out of at least one second");
    require(fillBytes / valueBytes >= connections, "at least one value for each connection");
    require(fillBytes / valueBytes <= Integer.MAX_VALUE, "fewer than 2^31 values");
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new LabException("the load needs " + what);
    }
  }

  /** The paper's mixture, 0.6 sets to 0.4 gets, on 1 KiB values, until it is told to stop. */
  public static LoadPlan of(String server, long fillBytes) {
    return new LoadPlan(server, fillBytes, 1024, 8, 0, 0.6, 0, 0, 30, 1);
  }

  /** The same for a fixed time. */
  public LoadPlan withSeconds(int duration) {
    return new LoadPlan(
        server,
        fillBytes,
        valueBytes,
        connections,
        duration,
        setShare,
        zipf,
        requestsPerSecond,
        timeoutSeconds,
        seed);
  }

  /** The same with popular and less popular keys. */
  public LoadPlan withZipf(double skew) {
    return new LoadPlan(
        server,
        fillBytes,
        valueBytes,
        connections,
        seconds,
        setShare,
        skew,
        requestsPerSecond,
        timeoutSeconds,
        seed);
  }

  /** The same with another part of sets, 0 to 1. */
  public LoadPlan withSetShare(double share) {
    return new LoadPlan(
        server,
        fillBytes,
        valueBytes,
        connections,
        seconds,
        share,
        zipf,
        requestsPerSecond,
        timeoutSeconds,
        seed);
  }

  /** The same with at most so many requests a second. */
  public LoadPlan withRequestsPerSecond(int rate) {
    return new LoadPlan(
        server,
        fillBytes,
        valueBytes,
        connections,
        seconds,
        setShare,
        zipf,
        rate,
        timeoutSeconds,
        seed);
  }

  /** The same with another number of connections. */
  public LoadPlan withConnections(int number) {
    return new LoadPlan(
        server,
        fillBytes,
        valueBytes,
        number,
        seconds,
        setShare,
        zipf,
        requestsPerSecond,
        timeoutSeconds,
        seed);
  }

  /** The same with another time after which a request has failed. */
  public LoadPlan withTimeoutSeconds(int timeout) {
    return new LoadPlan(
        server,
        fillBytes,
        valueBytes,
        connections,
        seconds,
        setShare,
        zipf,
        requestsPerSecond,
        timeout,
        seed);
  }

  int valueCount() {
    return (int) (fillBytes / valueBytes);
  }

  /** As {@link MemcachedLoad} reads it. */
  List<String> arguments() {
    return new ArrayList<>(
        List.of(
            "--server=" + server,
            "--fill=" + fillBytes,
            "--value-size=" + valueBytes,
            "--connections=" + connections,
            "--duration=" + seconds,
            "--set-share=" + setShare,
            "--zipf=" + zipf,
            "--rate=" + requestsPerSecond,
            "--timeout=" + timeoutSeconds,
            "--seed=" + seed));
  }
}
