package org.smemv.paging;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.EventFd;
import org.smemv.linux.Poll;
import org.smemv.linux.UserFaultFd;

/**
 * Serves the page faults of one VM. One platform thread reads the faults, asks the sub-hosts, takes
 * their answers and installs the pages: a fault passes through no other thread on this host, and
 * the thread looks again for a short while before it sleeps, because waking it costs more than a
 * round trip.
 *
 * <p>What a fault needs is decided by {@link PageFiller}.
 */
final class FaultLoop implements PageFiller.Links, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FaultLoop.class);

  private static final int SLEEP_MILLIS = 1000;
  private static final long LOOK_NANOS = 1_000_000_000L;
  private static final long ANSWER_NANOS = 10_000_000_000L;

  private static final int REPORT_SECONDS = 5;

  /** Entries of the poll set before those of the links. */
  private static final int FIRST_LINK = 2;

  /**
   * How long it looks for an answer that is due before it sleeps: longer than a page takes on a
   * link of 1 Gbit/s to a sub-host that must be woken first.
   */
  private static final long ANSWER_SPIN_NANOS = 250_000;

  private final UserFaultFd faults;
  private final GuestMemory memory;
  private final BiConsumer<FaultLink, String> linkLost;
  private final Consumer<Throwable> broken;
  private final long spinNanos;
  private final long answerSpin;

  private final PageFiller filler;
  private final EventFd wakeup = new EventFd();
  private final Poll poll;
  private final @Nullable FaultLink[] links;
  private final ConcurrentLinkedQueue<FaultLink> arrivals = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Integer> departures = new ConcurrentLinkedQueue<>();
  private volatile boolean running = true;
  private int secondsWaiting;
  private final Thread thread;

  /** What the loop works on and whom it tells. */
  record Parts(
      PageTable table,
      ResidentBudget budget,
      UserFaultFd faults,
      GuestMemory memory,
      FaultCounters counters,
      int hostsMax,
      DropQueue copies,
      BiConsumer<FaultLink, String> linkLost,
      Runnable roomNeeded,
      Consumer<Throwable> broken,
      long spinNanos) {}

  FaultLoop(Parts parts) {
    this.faults = parts.faults();
    this.memory = parts.memory();
    this.filler =
        new PageFiller(
            parts.table(),
            parts.budget(),
            new PageInstaller(faults, memory),
            parts.counters(),
            parts.copies(),
            parts.roomNeeded(),
            this,
            parts.hostsMax());
    this.linkLost = parts.linkLost();
    this.broken = parts.broken();
    this.spinNanos = parts.spinNanos();
    this.answerSpin = Math.max(spinNanos, ANSWER_SPIN_NANOS);
    this.links = new FaultLink[parts.hostsMax()];
    this.poll = new Poll(FIRST_LINK + parts.hostsMax());
    poll.add(faults.fd(), Poll.READABLE);
    poll.add(wakeup.fd(), Poll.READABLE);
    this.thread = Thread.ofPlatform().name("fault-loop").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Hands over a connection to a sub-host; the loop closes it. Any thread. */
  void adopt(FaultLink link) {
    arrivals.add(link);
    wakeup.signal();
  }

  /**
   * A sub-host has no page any more and is no longer connected to; another may come. Any thread.
   */
  void forget(int host) {
    departures.add(host);
    wakeup.signal();
  }

  /** Has the pages that wait looked at again: room was made, or an eviction is done. Any thread. */
  void lookAgain() {
    if (filler.waiting() > 0) {
      wakeup.signal();
    }
  }

  /** Faults that wait for room, for an eviction or for a sub-host. Any thread. */
  int waiting() {
    return filler.waiting();
  }

  /** Why pages of a sub-host cannot be had now; null when they can. Any thread. */
  @Nullable String stall(int host) {
    return filler.stall(host);
  }

  @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield but the time it takes
  private void run() {
    try {
      TrafficClass.FAULT.takeThread();
      long idleSince = System.nanoTime();
      long lookedAt = idleSince;
      while (running) {
        long now = System.nanoTime();
        boolean spin = now - idleSince < (answerIsDue() ? answerSpin : spinNanos);
        if (poll.await(spin ? 0 : SLEEP_MILLIS) > 0 && step() > 0) {
          idleSince = System.nanoTime();
        } else if (spin) {
          // On a host with few processors, who makes the awaited thing come true may need this one.
          Thread.yield();
        }
        if (now - lookedAt > LOOK_NANOS) {
          lookAtWhatIsLate(now);
          lookedAt = now;
        }
      }
    } catch (RuntimeException | Error e) {
      if (running) {
        log.error("the fault loop broke; its guest stalls until the memory is attached again", e);
        broken.accept(e);
      }
    }
  }

  @Override
  public @Nullable FaultLink to(int host) {
    return host < links.length ? links[host] : null;
  }

  private boolean answerIsDue() {
    for (int host = 0; host < poll.size() - FIRST_LINK; host++) {
      FaultLink link = links[host];
      if (link != null && link.underWay() > 0) {
        return true;
      }
    }
    return false;
  }

  private int step() {
    int done = 0;
    if (poll.readable(0)) {
      done += readFaults();
    }
    for (int host = 0; host < poll.size() - FIRST_LINK; host++) {
      FaultLink link = links[host];
      if (link != null && poll.readable(FIRST_LINK + host)) {
        done += receive(link);
      }
    }
    if (poll.readable(1)) {
      wakeup.drain();
      adoptArrivals();
      filler.retryWaiting();
      done++;
    }
    return done;
  }

  /**
   * Once a second: a sub-host may be deaf, and what pages wait for may have come true unnoticed.
   */
  private void lookAtWhatIsLate(long now) {
    for (FaultLink link : links) {
      if (link != null && link.isWaitingSince(now - ANSWER_NANOS)) {
        lose(link, "no answer for " + ANSWER_NANOS / 1_000_000_000 + " s");
      }
    }
    filler.retryWaiting();
    secondsWaiting = filler.waiting() > 0 ? secondsWaiting + 1 : 0;
    if (secondsWaiting > 0 && secondsWaiting % REPORT_SECONDS == 0) {
      log.warn("faults have been waiting for {} s: {}", secondsWaiting, filler.describeWaiting());
    }
  }

  private int readFaults() {
    int count = faults.read();
    long now = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long address = faults.faultAddress(i);
      if (address >= memory.base() && address < memory.end()) {
        filler.fill(memory.pageAt(address), now);
      }
    }
    filler.endOfFaults();
    return count;
  }

  private int receive(FaultLink link) {
    try {
      return link.receive(filler);
    } catch (RuntimeException e) {
      lose(link, String.valueOf(e.getMessage()));
      return 1;
    } finally {
      filler.endOfAnswers();
    }
  }

  @Override
  public void lose(FaultLink link, String why) {
    links[link.host()] = null;
    poll.replace(FIRST_LINK + link.host(), -1, Poll.READABLE);
    filler.stall(link.host(), "connection lost: " + why);
    filler.giveBack(link);
    link.close();
    linkLost.accept(link, why);
  }

  private void adoptArrivals() {
    for (Integer gone = departures.poll(); gone != null; gone = departures.poll()) {
      FaultLink link = links[gone];
      if (link != null) {
        lose(link, "the sub-host has left");
      }
      filler.stall(gone, null);
    }
    for (FaultLink link = arrivals.poll(); link != null; link = arrivals.poll()) {
      FaultLink before = links[link.host()];
      if (before != null) {
        filler.giveBack(before);
        before.close();
      }
      links[link.host()] = link;
      while (poll.size() <= FIRST_LINK + link.host()) {
        poll.add(-1, Poll.READABLE);
      }
      poll.replace(FIRST_LINK + link.host(), link.fd(), Poll.READABLE);
      filler.stall(link.host(), null);
    }
  }

  @Override
  public void close() {
    running = false;
    wakeup.signal();
    ThreadEnd.await(thread);
    for (FaultLink link : links) {
      if (link != null) {
        link.close();
      }
    }
    arrivals.forEach(FaultLink::close);
    poll.close();
    wakeup.close();
  }
}
