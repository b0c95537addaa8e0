package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostsFileTest {
  @TempDir Path directory;

  private Path file(String json) throws IOException {
    return Files.writeString(directory.resolve("hosts.json"), json);
  }

  @Test
  void theHostsOfTheFileAreFoundByName() throws IOException {
    HostsFile hosts =
        HostsFile.read(
            file(
                """
                [{"name":"h1","api":"unix:/run/h1/api.sock","data":"10.77.0.1:7400"},
                 {"name":"h2","api":"http://127.0.0.1:7401","data":"[fd00::2]:7400"}]
                """));
    assertThat(hosts.host("h1"))
        .contains(
            new HostEntry(
                "h1", Path.of("/run/h1/api.sock"), new InetSocketAddress("10.77.0.1", 7400)));
    assertThat(hosts.host("h2").orElseThrow().api()).hasToString("http://127.0.0.1:7401");
    assertThat(hosts.host("h9")).isEmpty();
  }

  @Test
  void aFileMayNameTheDirectory() throws IOException {
    String host = "{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:5\"}";
    HostsFile with =
        HostsFile.read(file("{\"directory\":\"unix:/d/api.sock\",\"hosts\":[" + host + "]}"));
    assertThat(with.directory()).hasToString("unix:/d/api.sock");
    assertThat(with.host("h1")).isPresent();
    assertThat(HostsFile.read(file("[" + host + "]")).directory()).isNull();
    assertThat(HostsFile.read(file("{\"hosts\":[" + host + "]}")).directory()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | list",
        "{\"hosts\":{}} | list",
        "{\"hosts\":[],\"directory\":\"/d\"} | directory",
        "{\"hosts\":[],\"directory\":null} | directory",
        "{\"hosts\":[],\"master\":\"unix:/d\"} | field master",
        "nonsense | hosts.json",
        "[{\"name\":\"h 1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:5\"}] | h 1",
        "[{\"api\":\"unix:/a\",\"data\":\"1.2.3.4:5\"}] | host name",
        "[{\"name\":\"h1\",\"api\":\"/a\",\"data\":\"1.2.3.4:5\"}] | unix:",
        "[{\"name\":\"h1\",\"api\":\"unix:a\",\"data\":\"1.2.3.4:5\"}] | absolute",
        "[{\"name\":\"h1\",\"api\":\"http://10.0.0.1:80\",\"data\":\"1.2.3.4:5\"}] | 10.0.0.1",
        "[{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"localhost:5\"}] | localhost",
        "[{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4\"}] | 1.2.3.4",
        "[{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:0\"}] | 1.2.3.4:0",
        "[{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:70000\"}] | 70000",
        "[{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:5\",\"x\":1}] | field x",
        "[{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:5\"},"
            + "{\"name\":\"h1\",\"api\":\"unix:/a\",\"data\":\"1.2.3.4:5\"}] | twice",
      })
  void aFileThatMakesNoSenseIsRefusedWithItsName(String json, String word) throws IOException {
    Path file = file(json);
    assertThatThrownBy(() -> HostsFile.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(word)
        .hasMessageContaining("hosts.json");
  }

  @Test
  void aMissingFileSaysHowToNameAnother() {
    assertThatThrownBy(() -> HostsFile.read(directory.resolve("none")))
        .hasMessageContainingAll("none", "--hosts-file", "SMEMV_HOSTS");
  }
}
