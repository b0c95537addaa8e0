package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.api.Json;
import org.smemv.node.directory.Heartbeat;
import org.smemv.node.directory.HeartbeatReply;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageLinkException;

/**
 * Tells the directory of this host, on a thread of its own, each on a connection of its own: so a
 * directory that was restarted knows the host by the next one. A directory that is away is told the
 * log once; nothing on this host waits for it.
 */
final class Heartbeats implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Heartbeats.class);

  /** To connect, and to be answered: both together take less than the directory's patience. */
  private static final Duration ANSWER = Duration.ofMillis(1500);

  /** Makes a heartbeat; see {@link HeartbeatSource#next}. */
  @FunctionalInterface
  interface Source {
    Heartbeat next(InetSocketAddress directory, long number) throws IOException;
  }

  private final String host;
  private final InetSocketAddress directory;
  private final Source source;
  private final @Nullable Thread thread;
  private volatile @Nullable String trouble = "not yet told";

  private Heartbeats(String host, @Nullable InetSocketAddress directory, Source source) {
    this.host = host;
    this.directory = directory == null ? new InetSocketAddress(0) : directory;
    this.source = source;
    this.thread =
        directory == null
            ? null
            : Thread.ofPlatform().daemon().name("heartbeats").unstarted(this::run);
  }

  /**
   * Starts to tell the directory.
   *
   * @param directory null when there is none; then nothing is started
   */
  static Heartbeats start(String host, @Nullable InetSocketAddress directory, Source source) {
    Heartbeats heartbeats = new Heartbeats(host, directory, source);
    if (heartbeats.thread != null) {
      heartbeats.thread.start();
    }
    return heartbeats;
  }

  private void run() {
    try {
      for (long number = 1; ; number++) {
        long begun = System.nanoTime();
        String why = beat(number);
        note(why);
        long spent = Duration.ofNanos(System.nanoTime() - begun).toMillis();
        Thread.sleep(Math.max(1, (why == null ? Heartbeat.PERIOD_MILLIS : soon()) - spent));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Agents that were refused because all came at once are not to come at once again. */
  private static long soon() {
    return ThreadLocalRandom.current()
        .nextLong(Heartbeat.PERIOD_MILLIS / 2, Heartbeat.PERIOD_MILLIS + 1);
  }

  /** Null, or why the directory does not list this host. */
  private @Nullable String beat(long number) {
    try {
      byte[] heartbeat =
          Json.write(source.next(directory, number)).getBytes(StandardCharsets.UTF_8);
      try (PageLink link = PageLink.open(LinkTarget.control(directory, host, ANSWER))) {
        byte[] answer = link.control(heartbeat);
        return Json.read(new String(answer, StandardCharsets.UTF_8), HeartbeatReply.class)
            .refused();
      }
    } catch (PageLinkException | IOException | IllegalArgumentException e) {
      return String.valueOf(e.getMessage());
    } catch (RuntimeException | Error e) {
      // A host that falls silent for good is worse than one heartbeat that is missing.
      log.error("heartbeat", e);
      return e.toString();
    }
  }

  private void note(@Nullable String why) {
    String at = OwnAddress.text(directory);
    if (Objects.equals(trouble, why)) {
      return;
    }
    trouble = why;
    if (why == null) {
      log.info("the directory at {} lists host {}", at, host);
    } else {
      log.warn("the directory at {} does not list host {}: {}", at, host, why);
    }
  }

  /** Why the directory does not list this host; null when it does. Any thread. */
  @Nullable String trouble() {
    return trouble;
  }

  @Override
  public void close() {
    if (thread != null) {
      thread.interrupt();
    }
  }
}
