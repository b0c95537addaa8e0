package org.smemv.paging;

import java.util.UUID;

/** Receives the device stream of one VM; owned by its connection's thread. */
final class BodyReceiver {
  private final UUID vm;
  private final long epoch;
  private final FrameReader reader;
  private final FrameWriter writer;

  BodyReceiver(UUID vm, long epoch, FrameReader reader, FrameWriter writer) {
    this.vm = vm;
    this.epoch = epoch;
    this.reader = reader;
    this.writer = writer;
  }

  /**
   * Hands the stream to the sink and confirms its end, which ends the connection's work.
   *
   * @param welcome tells the peer that the sink is ready
   */
  void receive(BodySink sink, Runnable welcome) {
    sink.begin();
    boolean complete = false;
    try {
      welcome.run();
      while (!complete && reader.next()) {
        complete = frame(sink);
      }
    } finally {
      if (!complete) {
        sink.abort();
      }
    }
    if (complete) {
      writer.bare(FrameKind.BODY_END, vm, epoch, reader.requestId(), 0);
      writer.flush();
    }
  }

  private boolean frame(BodySink sink) {
    if (!PageFrame.isAbout(reader.memory(), reader.at(), vm)) {
      throw new FrameException(
          ErrorCode.MALFORMED, "the connection is for VM " + vm + ", a frame is for another");
    }
    FrameKind kind = reader.kind();
    if (kind == FrameKind.BODY) {
      reader.body(sink);
      return false;
    }
    if (kind != FrameKind.BODY_END) {
      throw new FrameException(ErrorCode.MALFORMED, kind + " on a BODY connection");
    }
    sink.end();
    return true;
  }
}
