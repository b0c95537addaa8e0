package org.smemv.paging;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.SystemCallException;
import org.smemv.linux.TcpClosedException;
import org.smemv.linux.TcpTimeoutException;

/**
 * The order of requests and answers on a {@link PageLink}: numbers the requests, matches each
 * answer with the oldest of them, and turns what goes wrong into a {@link PageLinkException}. One
 * thread at a time.
 */
final class LinkExchange {
  private final LinkTarget target;
  private final FrameReader reader;
  private final FrameWriter writer;
  private long nextRequest = 1;
  private long nextAnswer = 1;
  private boolean lost;

  LinkExchange(LinkTarget target, FrameReader reader, FrameWriter writer) {
    this.target = target;
    this.reader = reader;
    this.writer = writer;
  }

  /** Requests whose answers are due. */
  int underWay() {
    return (int) (nextRequest - nextAnswer);
  }

  /** Lets no further request begin. */
  void end() {
    lost = true;
  }

  /** A request whose frame is made by the caller. */
  interface Request {
    void write(long requestId);
  }

  /** Sends a request and waits for its answer, which is the only one under way. */
  void exchange(FrameKind answer, Request request) {
    long id = begin();
    try {
      request.write(id);
      writer.flush();
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      throw lostOrRefused(e);
    }
    answer(answer);
  }

  /**
   * Numbers a request that is about to be written.
   *
   * @throws PageLinkException when the link is lost
   */
  long begin() {
    if (lost) {
      throw lost("an earlier request failed", null);
    }
    if (underWay() == PageLink.REQUESTS_MAX) {
      throw new IllegalStateException(PageLink.REQUESTS_MAX + " requests are under way");
    }
    return nextRequest++;
  }

  /** Waits for the answer to the oldest request and checks that it is one. */
  void answer(FrameKind wanted) {
    if (underWay() == 0) {
      throw new IllegalStateException("no answer is due");
    }
    try {
      if (!reader.next()) {
        throw lost("the peer closed it", null);
      }
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException | FrameException e) {
      throw lost(e);
    }
    FrameKind kind = reader.kind();
    boolean last = kind == FrameKind.ERROR && reader.requestId() == 0;
    if (reader.requestId() != nextAnswer && !last) {
      throw lost("an answer came for request " + reader.requestId(), null);
    }
    nextAnswer++;
    if (kind == FrameKind.ERROR) {
      throw refused(last);
    }
    if (kind != wanted) {
      throw lost("the answer is " + kind + " instead of " + wanted, null);
    }
  }

  private PageLinkException refused(boolean last) {
    try {
      ErrorCode code = ErrorCode.of(PageFrame.status(reader.memory(), reader.at()));
      String message = new String(reader.body(), StandardCharsets.UTF_8);
      lost |= last || code.endsConnection();
      return PageLinkException.refused(target.address(), target.vm(), code, lost, message);
    } catch (TcpTimeoutException | TcpClosedException | SystemCallException e) {
      return lost(e);
    }
  }

  /** A peer that hangs up while we write may have said why. */
  PageLinkException lostOrRefused(RuntimeException cause) {
    try {
      if (reader.next() && reader.kind() == FrameKind.ERROR) {
        return refused(true);
      }
    } catch (RuntimeException nothingThere) {
      cause.addSuppressed(nothingThere);
    }
    return lost(cause);
  }

  /** The link can only be closed from now on. */
  PageLinkException lost(RuntimeException cause) {
    return lost(String.valueOf(cause.getMessage()), cause);
  }

  /** The link can only be closed from now on. */
  PageLinkException lost(String message, @Nullable RuntimeException cause) {
    lost = true;
    return PageLinkException.lost(target.address(), target.vm(), message, cause);
  }
}
