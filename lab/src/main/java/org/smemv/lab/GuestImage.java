package org.smemv.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * What the lab's guest boots from: Debian's cloud kernel, and a RAM file system with busybox,
 * memcached and stress-ng, whose {@code init} reads its orders from the kernel command line ({@link
 * GuestOptions}).
 *
 * @param kernel for QEMU's {@code -kernel}
 * @param initrd for QEMU's {@code -initrd}
 */
public record GuestImage(Path kernel, Path initrd) {
  private static final List<String> PACKAGES = List.of("busybox-static", "memcached", "stress-ng");
  private static final List<Path> PROGRAMS =
      List.of(Path.of("/usr/bin/memcached"), Path.of("/usr/bin/stress-ng"));
  private static final List<Path> BUSYBOX_PLACES =
      List.of(Path.of("/bin/busybox"), Path.of("/usr/bin/busybox"));

  /**
   * The image for the installed package versions, from the user's cache ({@code $SMEMV_CACHE}, else
   * {@code ~/.cache/smemv}); built first when it is not there, which takes some seconds and, the
   * first time, downloads 27 MB. Any number of threads and processes may call this at once.
   *
   * @throws LabException when a package is missing or cannot be fetched
   */
  public static GuestImage get() {
    return in(CacheFolder.ofUser());
  }

  static GuestImage in(CacheFolder cache) {
    String versions = DebianPackages.installedVersions(PACKAGES);
    GuestKernel kernel = GuestKernel.in(cache);
    Path folder =
        cache.get(
            "guest-" + key(versions, kernel), aside -> build(kernel, aside.resolve("initrd")));
    return new GuestImage(kernel.image(), folder.resolve("initrd"));
  }

  /** Changes with every package version and with our own two scripts. */
  private static String key(String versions, GuestKernel kernel) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(versions.getBytes(StandardCharsets.UTF_8));
      digest.update(kernel.version().getBytes(StandardCharsets.UTF_8));
      digest.update(resource("init"));
      digest.update(resource("run"));
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException | IOException e) {
      throw new IllegalStateException("a Java platform without SHA-256, or a broken jar", e);
    }
  }

  private static void build(GuestKernel kernel, Path initrd) throws IOException {
    try (OutputStream file = Files.newOutputStream(initrd);
        CpioArchive archive = new CpioArchive(new GZIPOutputStream(file, 1 << 16))) {
      for (String folder : List.of("proc", "sys", "tmp", "run", "root", "var/log", "etc")) {
        archive.directory(folder);
      }
      // The kernel opens the console for init before anything can mount /dev.
      archive.characterDevice("dev/console", 0600, 5, 1);
      archive.file(
          "etc/passwd", 0644, "root::0:0:root:/tmp:/bin/sh\n".getBytes(StandardCharsets.US_ASCII));
      archive.file("init", 0755, resource("init"));
      archive.file("www/cgi-bin/run", 0755, resource("run"));
      archive.file("bin/busybox", 0755, Files.readAllBytes(busybox()));
      archive.symbolicLink("bin/sh", "busybox");
      for (Path program : PROGRAMS) {
        addProgram(archive, program);
      }
      for (Path library : LibraryClosure.of(PROGRAMS)) {
        addProgram(archive, library);
      }
      addModules(archive, kernel.modules());
    }
  }

  private static void addProgram(CpioArchive archive, Path file) throws IOException {
    archive.file(file.toString().substring(1), 0755, Files.readAllBytes(file));
  }

  private static void addModules(CpioArchive archive, Path modules) throws IOException {
    try (Stream<Path> files = Files.list(modules)) {
      for (Path file : files.sorted().toList()) {
        archive.file("lib/modules/" + file.getFileName(), 0644, Files.readAllBytes(file));
      }
    }
  }

  private static Path busybox() throws IOException {
    return BUSYBOX_PLACES.stream()
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new IOException("no busybox in " + BUSYBOX_PLACES));
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream =
        Objects.requireNonNull(GuestImage.class.getResourceAsStream("guest/" + name))) {
      return stream.readAllBytes();
    }
  }
}
