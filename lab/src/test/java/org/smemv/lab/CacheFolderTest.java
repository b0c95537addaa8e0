package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheFolderTest {
  @TempDir Path root;
  private CacheFolder cache;

  @BeforeEach
  void open() {
    cache = new CacheFolder(root.resolve("cache"));
  }

  @Test
  void theSecondCallFindsWhatTheFirstBuilt() throws IOException {
    AtomicInteger builds = new AtomicInteger();
    CacheFolder.Builder builder =
        folder -> Files.writeString(folder.resolve("file"), "build " + builds.incrementAndGet());

    Path first = cache.get("kernel-1", builder);
    Path second = cache.get("kernel-1", builder);

    assertThat(second).isEqualTo(first);
    assertThat(first.resolve("file")).hasContent("build 1");
    assertThat(cache.newest("kernel-")).contains(first);
    assertThat(cache.newest("guest-")).isEmpty();
  }

  @Test
  void ofTwoBuildersAtOnceTheLaterTakesTheEarliersWork() throws IOException {
    Path folder =
        cache.get(
            "guest-1",
            late -> {
              Files.writeString(late.resolve("file"), "late");
              // What a builder in another process does meanwhile.
              Path other = Files.createDirectory(cache.root().resolve("guest-1"));
              Files.writeString(other.resolve("file"), "early");
            });

    assertThat(folder.resolve("file")).hasContent("early");
    assertThat(namesInCache()).containsExactly("guest-1");
  }

  @Test
  void aFailedBuildLeavesNothing() throws IOException {
    assertThatThrownBy(
            () ->
                cache.get(
                    "guest-1",
                    folder -> {
                      Files.writeString(folder.resolve("half"), "x");
                      throw new IOException("disk full");
                    }))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("disk full");
    assertThat(namesInCache()).isEmpty();
  }

  @Test
  void whatAKilledBuilderLeftIsRemovedByTheNext() throws IOException {
    // No process ever has a number beyond the kernel's limit of 2^22.
    Path abandoned = cache.root().resolve(".building-99999999-guest-1");
    Files.createDirectories(abandoned);

    cache.get("guest-2", folder -> {});

    assertThat(abandoned).doesNotExist();
  }

  private List<String> namesInCache() throws IOException {
    try (Stream<Path> paths = Files.list(cache.root())) {
      return paths.map(path -> path.getFileName().toString()).toList();
    }
  }
}
