package org.smemv.lab;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Kills agents and cuts links, one after the other, chosen by a seed. Agents of sub-hosts are left
 * alone, as the pages that they hold die with them; their links are not.
 */
final class RandomTrouble implements AutoCloseable {
  private static final int PAUSE_MILLIS_MAX = 12_000;
  private static final int DOWN_MILLIS_MAX = 2_000;
  private static final int CUT_MILLIS_MAX = 8_000;

  private final SplitLab lab;
  private final List<String> mortal;
  private final List<String> all;
  private final Random random;
  private final Map<String, Integer> done = new TreeMap<>();
  private final Thread thread;
  private volatile boolean running = true;

  /**
   * @param mortal whose agents are killed
   * @param all whose links are cut
   */
  RandomTrouble(SplitLab lab, List<String> mortal, List<String> all, long seed) {
    this.lab = lab;
    this.mortal = mortal;
    this.all = all;
    this.random = new Random(seed);
    this.thread = Thread.ofPlatform().name("trouble").start(this::run);
  }

  private void run() {
    try {
      while (running) {
        Thread.sleep(random.nextInt(PAUSE_MILLIS_MAX));
        if (random.nextBoolean()) {
          kill(mortal.get(random.nextInt(mortal.size())));
        } else {
          cut(all.get(random.nextInt(all.size())));
        }
      }
    } catch (InterruptedException e) {
      // The test has seen enough: what was broken is whole again.
    }
  }

  private void kill(String host) throws InterruptedException {
    System.out.println("trouble: the agent of " + host + " is killed");
    lab.lab().killAgent(host);
    try {
      Thread.sleep(random.nextInt(DOWN_MILLIS_MAX));
    } finally {
      lab.lab().startAgent(host);
    }
    done.merge("agents killed", 1, Integer::sum);
  }

  private void cut(String host) throws InterruptedException {
    System.out.println("trouble: the link of " + host + " is cut");
    lab.lab().host(host).cutLink();
    try {
      Thread.sleep(random.nextInt(CUT_MILLIS_MAX));
    } finally {
      lab.lab().host(host).restoreLink();
    }
    done.merge("links cut", 1, Integer::sum);
  }

  /** What was done, once this is closed. */
  Map<String, Integer> done() {
    return done;
  }

  /** Ends the trouble; all agents run and all links are whole then. */
  @Override
  public void close() throws InterruptedException {
    running = false;
    thread.join();
  }
}
