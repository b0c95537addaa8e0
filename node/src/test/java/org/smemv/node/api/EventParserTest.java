package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.migration.MigrationState;

class EventParserTest {
  private static final MigrationReport REPORT = FakeHost.migrationReport(MigrationState.COPY, null);

  private static EventParser parser(String text) {
    return new EventParser(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void eventsCommentsAndUnknownFieldsAreToldApart() throws IOException {
    EventParser parser =
        parser(
            ": alive\n\nretry: 5\r\nid: 7\r\nevent:progress\r\ncolour: red\r\ndata: "
                + Json.write(REPORT)
                + "\r\n\r\nid: 8\nevent: state\ndata: {");
    assertThat(parser.next()).isEqualTo(new EventParser.Item(null));
    assertThat(parser.next())
        .isEqualTo(
            new EventParser.Item(new MigrationEvent(7, MigrationEvent.Kind.PROGRESS, REPORT)));
    assertThat(parser.next()).as("half an event is none").isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "id: x~ | no number",
        "id: 1~event: state~data: {}~~ | not understood",
        "id: 1~event: state~data: nonsense~~ | not understood",
        "id: 1~event: other~data: {}~~ | other",
        "id: 1~data: {}~~ | not understood",
      })
  void whatMakesNoSenseIsAnError(String text, String word) {
    assertThatThrownBy(() -> parser(text.replace('~', '\n')).next())
        .isInstanceOf(IOException.class)
        .hasMessageContaining(word);
  }

  @Test
  void aLineOrAnEventWithoutEndIsRefused() {
    String much = "x".repeat(EventParser.LINE_BYTES_MAX);
    assertThatThrownBy(() -> parser("data: " + much).next()).hasMessageContaining("a line");
    String half = "data: " + much.substring(0, much.length() / 2) + "\n";
    assertThatThrownBy(() -> parser(half + half + half).next()).hasMessageContaining("an event");
  }
}
