package org.smemv.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A promise without the test that it names is none. */
class SpecificationTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Pattern NAMED = Pattern.compile("`(\\w+(?:Test|IT)#\\w+)`");
  private static final Pattern TEST =
      Pattern.compile("@(?:Parameterized)?Test\\b[^{]*?\\bvoid\\s+(\\w+)\\s*\\(", Pattern.DOTALL);

  @Test
  void everyTestThatTheSpecificationNamesExists() throws IOException {
    Set<String> named =
        NAMED
            .matcher(Files.readString(ROOT.resolve("SPECIFICATION.md")))
            .results()
            .map(found -> found.group(1))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(named).hasSizeGreaterThan(50);
    assertThat(tests()).containsAll(named);
  }

  private static Set<String> tests() throws IOException {
    Set<String> tests = new TreeSet<>();
    try (Stream<Path> files = Files.find(ROOT, 12, (path, attributes) -> isTest(path))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String type = file.getFileName().toString().replace(".java", "");
        TEST.matcher(withoutArrays(Files.readString(file)))
            .results()
            .map((MatchResult found) -> type + "#" + found.group(1))
            .forEach(tests::add);
      }
    }
    return tests;
  }

  private static boolean isTest(Path path) {
    return path.toString().contains("/src/test/java/")
        && path.getFileName().toString().matches("\\w+(Test|IT)\\.java");
  }

  /**
   * The values of a parameterized test may hold braces, which would end the search for its name.
   */
  private static String withoutArrays(String source) {
    return source.replaceAll("(?s)(@\\w+Source)\\(.*?\\)\\s*\\n", "$1\n");
  }
}
