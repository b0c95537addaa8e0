package org.smemv.paging;

import java.nio.charset.StandardCharsets;

/**
 * The page frames of one connection, about one VM: GET, PUT, DROP, PLACE, PULL and LIST. Answers
 * are gathered and written together when no whole request is waiting, so that a peer which asks for
 * much at once costs few calls. Owned by the connection's thread.
 */
final class PageRequests {
  private final PageHolder holder;
  private final TrafficClass traffic;
  private final FrameReader reader;
  private final FrameWriter writer;
  private final PagePuller puller;
  private final ServedPages served;
  private final PageBatch puts = new PageBatch();
  private final PageBatch gets = new PageBatch();

  PageRequests(
      PageHolder holder,
      TrafficClass traffic,
      FrameReader reader,
      FrameWriter writer,
      PagePuller puller,
      ServedPages served) {
    this.holder = holder;
    this.traffic = traffic;
    this.reader = reader;
    this.writer = writer;
    this.puller = puller;
    this.served = served;
  }

  /**
   * Carries out the frame that was read.
   *
   * @throws FrameException to be answered with an ERROR
   */
  void handle(FrameKind kind, long epoch, long requestId) {
    checkAllowed(kind);
    if (traffic.readsOnly()) {
      holder.admitReader(epoch);
    } else {
      holder.admit(epoch);
    }
    switch (kind) {
      case GET -> get(epoch, requestId);
      case PUT -> put(epoch, requestId);
      case DROP -> {
        read(puts, epoch);
        holder.drop(puts);
        acknowledge(FrameKind.DROP_ACK, epoch, requestId);
      }
      case PLACE -> {
        read(puts, epoch);
        holder.place(puts);
        acknowledge(FrameKind.PLACE_ACK, epoch, requestId);
      }
      case PULL -> pull(epoch, requestId);
      case LIST -> list(epoch, requestId);
      default -> throw new IllegalStateException("no answer to " + kind);
    }
  }

  /** Before the epoch counts: a frame that is refused must not fence anybody off. */
  private void checkAllowed(FrameKind kind) {
    if (!kind.isPageRequest()) {
      throw new FrameException(ErrorCode.MALFORMED, kind + " is not a request for pages");
    }
    if (traffic.readsOnly() && kind != FrameKind.GET) {
      throw new FrameException(
          ErrorCode.REFUSED, kind + " on a " + traffic + " connection, which only reads: use BULK");
    }
  }

  private void read(PageBatch into, long epoch) {
    into.clear();
    into.epoch(epoch);
    reader.pages(into);
  }

  private void get(long epoch, long requestId) {
    int count = PageFrame.count(reader.memory(), reader.at());
    if (gets.room() < count || !writer.fits(count)) {
      flush();
    }
    int from = gets.size();
    gets.epoch(epoch);
    reader.pages(gets);
    holder.find(gets, from);
    served.sent(traffic, gets.contents(from));
    writer.pages(FrameKind.PAGES, holder.vm(), requestId, gets, from);
  }

  private void put(long epoch, long requestId) {
    read(puts, epoch);
    holder.prepare(puts);
    try {
      receive();
      holder.publish(puts);
    } catch (RuntimeException e) {
      holder.abandon(puts);
      throw e;
    }
    served.received(puts.contents());
    acknowledge(FrameKind.PUT_ACK, epoch, requestId);
  }

  /** Answers with what is held in the end, whoever stored it. */
  private void pull(long epoch, long requestId) {
    read(puts, epoch);
    String from = new String(reader.body(), StandardCharsets.UTF_8);
    flush(); // nobody waits for an earlier answer while this takes its time
    puller.pull(holder, from, puts);
    writer.pages(FrameKind.PULL_ACK, holder.vm(), requestId, puts, 0);
  }

  private void list(long epoch, long requestId) {
    flush();
    long first = PageFrame.page(reader.memory(), reader.at());
    int max = PageFrame.count(reader.memory(), reader.at());
    long next = holder.list(first, max, puts);
    puts.epoch(epoch);
    writer.listed(holder.vm(), requestId, puts, next);
  }

  private void receive() {
    int wrong = reader.contents(puts);
    if (wrong >= 0) {
      throw new FrameException(
          ErrorCode.CHECKSUM,
          "page " + puts.page(wrong) + " of VM " + holder.vm() + " is not what its checksum says");
    }
  }

  private void acknowledge(FrameKind kind, long epoch, long requestId) {
    if (!writer.fits(0)) {
      flush();
    }
    writer.bare(kind, holder.vm(), epoch, requestId, puts.size());
  }

  /** Writes the answers that were gathered, and lets go of the pages in them. */
  void flush() {
    writer.flush();
    release();
  }

  /** Lets go of the pages in answers, written or not. */
  void release() {
    if (gets.size() > 0) {
      holder.release(gets);
      gets.clear();
    }
  }
}
