package org.smemv.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Folders that are built once and never changed: each is made under another name and renamed when
 * complete, so a reader sees a whole one or none, and of two builders at once the later finds the
 * earlier one's work and drops its own.
 *
 * @param root holds the folders; made when missing
 */
record CacheFolder(Path root) {
  private static final String ASIDE = ".building-";

  /** Fills an empty folder. */
  interface Builder {
    void fill(Path folder) throws IOException;
  }

  /** {@code $SMEMV_CACHE}, or {@code smemv} in the user's cache folder. */
  static CacheFolder ofUser() {
    String chosen = System.getenv("SMEMV_CACHE");
    if (chosen != null && !chosen.isBlank()) {
      return new CacheFolder(Path.of(chosen));
    }
    return new CacheFolder(Path.of(System.getProperty("user.home"), ".cache", "smemv"));
  }

  /** The newest complete folder whose name starts so. */
  Optional<Path> newest(String prefix) {
    return entries().stream()
        .filter(path -> path.getFileName().toString().startsWith(prefix))
        .max(Comparator.comparingLong(path -> path.toFile().lastModified()));
  }

  /**
   * The folder of that name, built now if it is not there.
   *
   * @throws LabException when the cache cannot be written
   */
  Path get(String name, Builder builder) {
    Path folder = root.resolve(name);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    try {
      Files.createDirectories(root);
      removeAbandoned();
      Path aside = root.resolve(ASIDE + ProcessHandle.current().pid() + "-" + name);
      try {
        Files.createDirectory(aside);
        builder.fill(aside);
        publish(aside, folder);
      } finally {
        DeletedTree.delete(aside);
      }
      return folder;
    } catch (IOException | UncheckedIOException e) {
      throw new LabException("cannot build %s: %s".formatted(folder, e), e);
    }
  }

  private static void publish(Path aside, Path folder) throws IOException {
    try {
      Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
  }

  /** What a killed builder left. */
  private void removeAbandoned() throws IOException {
    try (Stream<Path> all = Files.list(root)) {
      for (Path path : all.toList()) {
        String name = path.getFileName().toString();
        if (name.startsWith(ASIDE) && !isAlive(name.substring(ASIDE.length()))) {
          DeletedTree.delete(path);
        }
      }
    }
  }

  private static boolean isAlive(String pidAndName) {
    int end = pidAndName.indexOf('-');
    try {
      return ProcessHandle.of(Long.parseLong(pidAndName.substring(0, Math.max(end, 0))))
          .isPresent();
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private List<Path> entries() {
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(root)) {
      return all.filter(path -> !path.getFileName().toString().startsWith(ASIDE)).toList();
    } catch (IOException e) {
      throw new LabException("cannot read the cache " + root + ": " + e, e);
    }
  }
}
