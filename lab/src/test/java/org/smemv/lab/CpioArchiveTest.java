package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CpioArchiveTest {
  private static final int HEADER = 110;

  @Test
  void everyEntryHasTheNewcHeaderOfItsKind() throws IOException {
    Map<String, String> headers = headersOf(write("hello"));

    assertThat(headers.keySet()).containsExactly("bin", "bin/a", "bin/b", "dev", "dev/c");
    assertThat(mode(headers.get("bin"))).isEqualTo(0040755);
    assertThat(mode(headers.get("bin/a"))).isEqualTo(0100755);
    assertThat(mode(headers.get("bin/b"))).isEqualTo(0120777);
    assertThat(mode(headers.get("dev/c"))).isEqualTo(0020600);
    assertThat(field(headers.get("dev/c"), 9)).isEqualTo(5);
    assertThat(field(headers.get("dev/c"), 10)).isEqualTo(1);
    assertThat(field(headers.get("bin/a"), 6)).isEqualTo("hello".length());
  }

  @Test
  void theArchiveEndsWithTheTrailerOnAMultipleOfFourBytes() throws IOException {
    for (String contents : new String[] {"", "1", "12", "123", "1234"}) {
      byte[] archive = write(contents);
      assertThat(archive.length % 4).isZero();
      assertThat(new String(archive, StandardCharsets.US_ASCII)).contains("TRAILER!!!\0");
    }
  }

  @Test
  void oneDirectoryMayBeAskedForTwiceButOneFileMayNot() throws IOException {
    try (CpioArchive archive = new CpioArchive(new ByteArrayOutputStream())) {
      archive.directory("etc");
      archive.directory("etc");
      archive.file("etc/x", 0644, new byte[0]);
      assertThatThrownBy(() -> archive.file("etc/x", 0644, new byte[0]))
          .hasMessageContaining("etc/x");
    }
  }

  @Test
  void theSameInputGivesTheSameBytes() throws IOException {
    assertThat(write("x")).isEqualTo(write("x"));
  }

  private static byte[] write(String contents) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (CpioArchive archive = new CpioArchive(bytes)) {
      archive.file("bin/a", 0755, contents.getBytes(StandardCharsets.US_ASCII));
      archive.symbolicLink("bin/b", "a");
      archive.characterDevice("dev/c", 0600, 5, 1);
    }
    return bytes.toByteArray();
  }

  /** Reads the archive as the kernel does: header, name and contents, each padded to four. */
  private static Map<String, String> headersOf(byte[] archive) {
    String text = new String(archive, StandardCharsets.ISO_8859_1);
    Map<String, String> headers = new LinkedHashMap<>();
    int position = 0;
    while (true) {
      String header = text.substring(position, position + HEADER);
      assertThat(header).startsWith("070701");
      int nameSize = field(header, 11);
      String name = text.substring(position + HEADER, position + HEADER + nameSize - 1);
      if (name.equals("TRAILER!!!")) {
        return headers;
      }
      headers.put(name, header);
      position = align(align(position + HEADER + nameSize) + field(header, 6));
    }
  }

  private static int align(int position) {
    return (position + 3) & ~3;
  }

  private static int mode(String header) {
    return field(header, 1);
  }

  private static int field(String header, int index) {
    return Integer.parseUnsignedInt(header.substring(6 + 8 * index, 14 + 8 * index), 16);
  }
}
