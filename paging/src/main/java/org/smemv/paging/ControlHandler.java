package org.smemv.paging;

/** Answers requests of other hosts' control planes; called by many threads, and may take long. */
@FunctionalInterface
public interface ControlHandler {
  /**
   * Answers a request.
   *
   * @return at most {@link PageFrame#BODY_BYTES_MAX} bytes
   * @throws FrameException REFUSED and the like, which goes back as an ERROR
   */
  byte[] handle(byte[] request);
}
