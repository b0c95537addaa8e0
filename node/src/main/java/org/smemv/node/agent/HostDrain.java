package org.smemv.node.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.api.DrainReport;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.SetDraining;

/**
 * Empties this host while it is draining: looks each second what is here, and has so many of them
 * moved at the same time, each on a thread of its own. What fails is tried again; what is wanted is
 * read anew each time, so a new agent goes on where the last one ended. Any thread.
 */
final class HostDrain implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostDrain.class);
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** Of those that have gone. */
  private static final int REMEMBERED = 256;

  /** Moves one thing away. */
  @FunctionalInterface
  interface Mover {
    /**
     * Returns when it has moved, or when nothing but waiting for its end elsewhere is left.
     *
     * @param move is told how it goes on; when it is cancelled, the thing stays if it still can
     */
    void move(DrainThing thing, SetDraining how, DrainMove move)
        throws OperationException, InterruptedException;
  }

  private final String host;
  private final Supplier<SetDraining> wanted;
  private final Supplier<List<DrainThing>> things;
  private final Mover mover;
  private final LongSupplier nanos;
  private final Thread thread;
  private final Map<String, DrainItem> items = new LinkedHashMap<>();
  private boolean wasOn;

  /**
   * @param wanted whether to, and how
   * @param things all that is on this host; asked on any thread
   */
  HostDrain(
      String host,
      Supplier<SetDraining> wanted,
      Supplier<List<DrainThing>> things,
      Mover mover,
      LongSupplier nanos) {
    this.host = host;
    this.wanted = wanted;
    this.things = things;
    this.mover = mover;
    this.nanos = nanos;
    this.thread = Thread.ofPlatform().daemon().name("host-drain").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (true) {
        try {
          step();
        } catch (RuntimeException | Error e) {
          log.error("draining this host: one look failed, the next one is in a second", e);
        }
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks once, and begins what is due. */
  synchronized void step() {
    SetDraining how = look();
    if (!how.draining()) {
      return;
    }
    long now = nanos.getAsLong();
    long places = how.atOnce() - items.values().stream().filter(DrainItem::takesPlace).count();
    for (DrainItem item : items.values()) {
      if (places > 0 && item.isDue(now)) {
        begin(item, how);
        places--;
      }
    }
  }

  /** Brings the list up to date. */
  private SetDraining look() {
    SetDraining how = wanted.get();
    if (!how.draining()) {
      stop();
      return how;
    }
    if (!wasOn) {
      items.values().removeIf(item -> !item.isRunning());
    }
    wasOn = true;
    long now = nanos.getAsLong();
    Set<String> here = new HashSet<>();
    for (DrainThing thing : things.get()) {
      here.add(thing.key());
      items.computeIfAbsent(thing.key(), key -> new DrainItem(thing, now)).seen(thing, now);
    }
    for (Map.Entry<String, DrainItem> item : items.entrySet()) {
      if (!here.contains(item.getKey()) && item.getValue().isHere()) {
        item.getValue().isGone();
        log.info("draining: nothing of {} is here any more", item.getValue().thing().name());
      }
    }
    forgetOld();
    return how;
  }

  private void forgetOld() {
    List<String> gone = new ArrayList<>();
    items.forEach(
        (key, item) -> {
          if (!item.isHere() && !item.isRunning()) {
            gone.add(key);
          }
        });
    gone.stream().limit(Math.max(0, gone.size() - REMEMBERED)).forEach(items::remove);
  }

  /** What has not come to its commit stays here. */
  private void stop() {
    wasOn = false;
    items.values().removeIf(item -> !item.isRunning());
    items.values().forEach(DrainItem::cancel);
  }

  private void begin(DrainItem item, SetDraining how) {
    DrainThing thing = item.thing();
    DrainMove move = item.begin(linkPart(thing, how));
    try {
      Thread ignored =
          Thread.ofPlatform()
              .daemon()
              .name("drain-" + thing.name())
              .start(() -> move(item, thing, how, move));
    } catch (Error e) { // no thread can be made now, later one may
      ended(item, broke(thing, e));
    }
  }

  /**
   * All that is here divides the link by its size, so that all of it has left at the same time; of
   * what moves one after the other each has more.
   */
  private double linkPart(DrainThing thing, SetDraining how) {
    double all =
        items.values().stream()
            .filter(DrainItem::isHere)
            .mapToDouble(item -> (double) item.thing().bytes())
            .sum();
    double part = all == 0 ? 1 : thing.bytes() / all;
    return Math.min(1, Math.max(part, 1.0 / how.atOnce()));
  }

  private void move(DrainItem item, DrainThing thing, SetDraining how, DrainMove move) {
    OperationException failure = null;
    try {
      mover.move(thing, how, move);
    } catch (OperationException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure = new OperationException(ErrorCode.FAILED, "interrupted", e);
    } catch (RuntimeException | Error e) {
      failure = broke(thing, e);
    } finally {
      ended(item, failure);
    }
  }

  private static OperationException broke(DrainThing thing, Throwable e) {
    log.error("draining {}", thing, e);
    return new OperationException(ErrorCode.INTERNAL, String.valueOf(e), e);
  }

  private synchronized void ended(DrainItem item, @Nullable OperationException failure) {
    if (failure != null && item.isHere()) {
      log.warn("draining {}: {}", item.thing().name(), failure.getMessage());
    }
    item.ended(failure, nanos.getAsLong());
  }

  /** How far it is now. */
  synchronized DrainReport report() {
    SetDraining how = look();
    long now = nanos.getAsLong();
    return new DrainReport(
        host,
        state(how, now),
        how.atOnce(),
        how.mode(),
        how.fast(),
        items.values().stream().map(item -> item.report(now)).toList());
  }

  private DrainReport.State state(SetDraining how, long now) {
    if (!how.draining()) {
      return DrainReport.State.OFF;
    }
    List<DrainItem> here = items.values().stream().filter(DrainItem::isHere).toList();
    if (here.isEmpty()) {
      return DrainReport.State.EMPTY;
    }
    // What waits for a place does not make it move when those that have the places stand.
    boolean placesTaken =
        items.values().stream().filter(DrainItem::takesPlace).count() >= how.atOnce();
    boolean stuck =
        here.stream().allMatch(item -> item.isStuck(now) || (placesTaken && !item.isRunning()));
    return stuck ? DrainReport.State.STUCK : DrainReport.State.MOVING;
  }

  /** Begins nothing more; what is under way ends with the process. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
