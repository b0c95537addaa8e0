package org.smemv.node.api;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An answer of server-sent events (HTML Living Standard, section 9.2), one report in each. What a
 * reader does not take in time ends its connection. One thread uses it, that of the request.
 */
final class EventStream implements MigrationFollower {
  private final ServerResponse response;
  private final SlowReaders slow;
  private @Nullable OutputStream out;

  EventStream(ServerResponse response, SlowReaders slow) {
    this.response = response;
    this.slow = slow;
  }

  @Override
  public boolean happened(MigrationEvent event) {
    write(
        "id: "
            + event.id()
            + "\nevent: "
            + event.kind().name().toLowerCase(Locale.ROOT)
            + "\ndata: "
            + Json.write(event.report())
            + "\n\n");
    return true;
  }

  /** A comment, so that the reader knows that we live, and we know that the reader does. */
  @Override
  public boolean quiet() {
    write(": nothing new\n\n");
    return true;
  }

  /** True when an answer has begun: it cannot become another one any more. */
  boolean begun() {
    return out != null;
  }

  /** Ends the answer. Readers that already had everything are told not to come again. */
  void end() {
    if (out == null) {
      response.status(204).send();
      return;
    }
    try {
      slow.whileWriting(out::close);
    } catch (IOException | RuntimeException e) {
      throw gone(e);
    }
  }

  private void write(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      OutputStream stream = open();
      slow.whileWriting(
          () -> {
            stream.write(bytes);
            stream.flush();
          });
    } catch (IOException | RuntimeException e) {
      throw gone(e);
    }
  }

  private OutputStream open() {
    if (out == null) {
      response
          .status(200)
          .header(HeaderNames.CONTENT_TYPE, "text/event-stream")
          .header(HeaderNames.CACHE_CONTROL, "no-cache");
      out = response.outputStream();
    }
    return out;
  }

  private static CloseConnectionException gone(Exception cause) {
    return new CloseConnectionException("the reader of events is gone or too slow", cause);
  }
}
