package org.smemv.lab;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Kills agents and the directory, cuts links and has agents stand still, one after the other,
 * chosen by a seed.
 */
final class RandomTrouble implements AutoCloseable {
  private static final int PAUSE_MILLIS_MAX = 12_000;
  private static final int DOWN_MILLIS_MAX = 2_000;
  private static final int CUT_MILLIS_MAX = 8_000;

  private final SplitLab lab;
  private final AgentDeaths deaths;
  private final LabDirectory directory;
  private final List<String> hosts;
  private final Random random;
  private final Map<String, Integer> done = new TreeMap<>();
  private final ExecutorService worker = Executors.newSingleThreadExecutor();
  private final Future<?> end;
  private volatile boolean running = true;

  RandomTrouble(
      SplitLab lab, AgentDeaths deaths, LabDirectory directory, List<String> hosts, long seed) {
    this.lab = lab;
    this.deaths = deaths;
    this.directory = directory;
    this.hosts = hosts;
    this.random = new Random(seed);
    this.end = worker.submit(this::run);
  }

  private void run() {
    while (running) {
      Pause.millis(random.nextInt(PAUSE_MILLIS_MAX));
      switch (random.nextInt(8)) {
        case 0 -> restartDirectory();
        case 1 -> stop(anyHost());
        case 2, 3, 4 -> cut(anyHost());
        default -> killOne();
      }
    }
  }

  private String anyHost() {
    return hosts.get(random.nextInt(hosts.size()));
  }

  /** The first one, in a random order, whose pages no VM needs. */
  private void killOne() {
    List<String> order = new ArrayList<>(hosts);
    Collections.shuffle(order, random);
    for (String host : order) {
      if (deaths.kill(host, random.nextInt(DOWN_MILLIS_MAX))) {
        count("agents killed", "the agent of " + host + " was killed");
        return;
      }
    }
  }

  private void cut(String host) {
    lab.lab().host(host).cutLink();
    try {
      Pause.millis(random.nextInt(CUT_MILLIS_MAX));
    } finally {
      lab.lab().host(host).restoreLink();
    }
    count("links cut", "the link of " + host + " was cut");
  }

  private void stop(String host) {
    deaths.stop(host, random.nextInt(CUT_MILLIS_MAX));
    count("agents stopped", "the agent of " + host + " stood still");
  }

  private void restartDirectory() {
    directory.restart();
    count("directories killed", "the directory was killed");
  }

  private void count(String kind, String what) {
    System.out.println("trouble: " + what);
    done.merge(kind, 1, Integer::sum);
  }

  /** What was done, once this is closed. */
  Map<String, Integer> done() {
    return done;
  }

  /** Ends the trouble; all agents run and all links are whole then. */
  @Override
  public void close() throws InterruptedException, ExecutionException {
    running = false;
    worker.close();
    end.get(); // what went wrong here is the test's failure
  }
}
