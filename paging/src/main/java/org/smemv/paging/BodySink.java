package org.smemv.paging;

import java.nio.ByteBuffer;

/**
 * Where the device stream of a VM that moves here goes. One thread calls it: {@link #begin}, {@link
 * #accept} any number of times, then {@link #end} or {@link #abort} once. What it throws refuses
 * the stream.
 */
public interface BodySink {
  /**
   * The stream starts: nothing of an older one can come any more. Until then nothing has changed.
   */
  void begin();

  /** Takes the next bytes, which are valid during the call only. */
  void accept(ByteBuffer bytes);

  /** All of the stream came; when this returns, the sender is told so. */
  void end();

  /** The connection went before the end. */
  void abort();
}
