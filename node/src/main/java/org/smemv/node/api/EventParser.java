package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads server-sent events of migrations. Fields that it does not know are passed over, as the
 * format wants it; an event that makes no sense is an error. One thread uses it.
 */
final class EventParser {
  /** More than any report of a migration to 64 sub-hosts. */
  static final int LINE_BYTES_MAX = 256 << 10;

  /**
   * What was read.
   *
   * @param event null for a comment, which only says that the sender lives
   */
  record Item(@Nullable MigrationEvent event) {}

  private final InputStream stream;
  private long id;
  private String kind = "";
  private String data = "";

  EventParser(InputStream stream) {
    this.stream = new BufferedInputStream(stream);
  }

  /**
   * The next event or comment; blocks until there is one.
   *
   * @return null at the end
   * @throws IOException when the connection or the format is broken
   */
  @Nullable Item next() throws IOException {
    for (String line = line(); line != null; line = line()) {
      if (line.startsWith(":")) {
        return new Item(null);
      }
      if (line.isEmpty() && !data.isEmpty()) {
        return new Item(event());
      }
      field(line);
    }
    return null;
  }

  private void field(String line) throws IOException {
    int colon = line.indexOf(':');
    String value = colon < 0 ? "" : line.substring(colon + 1);
    value = value.startsWith(" ") ? value.substring(1) : value;
    switch (colon < 0 ? line : line.substring(0, colon)) {
      case "id" -> id = number(value);
      case "event" -> kind = value;
      case "data" -> data = data.isEmpty() ? value : data + "\n" + value;
      default -> {}
    }
    if (data.length() > LINE_BYTES_MAX) {
      throw new IOException("an event has more than " + LINE_BYTES_MAX + " characters");
    }
  }

  private static long number(String text) throws IOException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException("an event's id '" + text + "' is no number", e);
    }
  }

  private MigrationEvent event() throws IOException {
    try {
      MigrationEvent.Kind read = Json.read('"' + kind + '"', MigrationEvent.Kind.class);
      return new MigrationEvent(id, read, Json.read(data, MigrationReport.class));
    } catch (JsonProcessingException e) {
      throw new IOException("an event '" + kind + "' is not understood: " + Json.reason(e), e);
    } finally {
      kind = "";
      data = "";
    }
  }

  /** Null at the end of the stream, also in the middle of a line. */
  private @Nullable String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = stream.read(); next != '\n'; next = stream.read()) {
      if (next < 0) {
        return null;
      }
      if (line.size() >= LINE_BYTES_MAX) {
        throw new IOException("a line of events has more than " + LINE_BYTES_MAX + " bytes");
      }
      line.write(next);
    }
    String text = line.toString(StandardCharsets.UTF_8);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }
}
