package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiAddressTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"unix:/run/smemv/h1/api.sock", "http://127.0.0.1:7401", "http://127.8.9.1:1"})
  void anAddressIsWrittenAsItIsRead(String text) {
    assertThat(ApiAddress.parse("--api", text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://[::1]:7401", "http://[::ffff:127.0.0.1]:7401"})
  void loopbackOfTheOtherKindIsTakenToo(String text) {
    ApiAddress address = ApiAddress.parse("--api", text);
    assertThat(ApiAddress.parse("--api", address.toString())).isEqualTo(address);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http://192.0.2.1:7401 | : 192.0.2.1 can be reached from other hosts, and the API has no"
            + " authentication",
        "http://0.0.0.0:7401 | no authentication",
        "http://[::]:7401 | no authentication",
        "http://[2001:db8::1]:7401 | no authentication",
        "http://localhost:7401 | names are not looked up",
        "http://127.0.0.1 | a port",
        "http://127.0.0.1:0 | a port",
        "http://127.0.0.1:70000 | a port",
        "http://127.0.0.1:1/ | nothing else",
        "http://127.0.0.1:1/v1 | nothing else",
        "http://127.0.0.1:1?x | nothing else",
        "http://a@127.0.0.1:1 | nothing else",
        "http:// | write",
        "https://127.0.0.1:1 | unix:",
        "unix:api.sock | absolute",
        "127.0.0.1:7401 | unix:",
        "'' | unix:",
      })
  void everyOtherAddressIsRefusedWithWhatIsPossible(String text, String word) {
    assertThatThrownBy(() -> ApiAddress.parse("--api", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("--api '" + text + "': ")
        .hasMessageContaining(word);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "127.0.0.1:7401 | none | true",
        "localhost | none | true",
        "LocalHost:80 | none | true",
        "[::1]:7401 | none | true",
        "127.0.0.1:7401 | http://127.0.0.1:7401 | true",
        "127.0.0.1:7401 | http://evil.example | false",
        "127.0.0.1:7401 | http://127.0.0.1:80 | false",
        "127.0.0.1:7401 | null | false",
        "evil.example:7401 | none | false",
        "192.0.2.1:7401 | none | false",
        "none | none | false",
        "127.0.0.1:x | none | false",
      })
  void onlyCallersOfThisHostThatAreNoForeignWebPagesAreServed(
      String host, String origin, boolean served) {
    if (served) {
      assertThatCode(() -> LocalCallers.check(host, origin)).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> LocalCallers.check(host, origin))
          .isInstanceOf(OperationException.class);
    }
  }
}
