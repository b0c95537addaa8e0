package org.smemv.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes a cpio archive in the "newc" format, as the Linux kernel unpacks it into its initial RAM
 * file system (kernel documentation, driver-api/early-userspace/buffer-format). Every entry belongs
 * to root and carries time 0, so the same input gives the same bytes.
 *
 * <p>Missing parent directories are written before the first entry that needs them. Not for use by
 * several threads.
 */
final class CpioArchive implements AutoCloseable {
  private static final int DIRECTORY = 0040000;
  private static final int FILE = 0100000;
  private static final int SYMBOLIC_LINK = 0120000;
  private static final int CHARACTER_DEVICE = 0020000;

  private final OutputStream out;
  private final Set<String> written = new HashSet<>();
  private long position;
  private int inode = 1;

  /**
   * @param out receives the archive; closed with it
   */
  CpioArchive(OutputStream out) {
    this.out = out;
  }

  /** A directory with mode 0755, and its parents; nothing when it is there already. */
  void directory(String path) throws IOException {
    if (path.isEmpty() || written.contains(path)) {
      return;
    }
    entry(path, DIRECTORY | 0755, new byte[0], 0, 0);
  }

  /**
   * A regular file.
   *
   * @param path absolute in the guest, without the leading slash
   * @param permissions such as 0755
   */
  void file(String path, int permissions, byte[] contents) throws IOException {
    entry(path, FILE | permissions, contents, 0, 0);
  }

  void symbolicLink(String path, String target) throws IOException {
    entry(path, SYMBOLIC_LINK | 0777, target.getBytes(StandardCharsets.UTF_8), 0, 0);
  }

  void characterDevice(String path, int permissions, int major, int minor) throws IOException {
    entry(path, CHARACTER_DEVICE | permissions, new byte[0], major, minor);
  }

  /** Writes the trailer, without which the kernel calls the archive broken. */
  @Override
  public void close() throws IOException {
    try (out) {
      header("TRAILER!!!", 0, 0, 0, 0, 0);
    }
  }

  private void entry(String path, int mode, byte[] contents, int major, int minor)
      throws IOException {
    int slash = path.lastIndexOf('/');
    if (slash > 0) {
      directory(path.substring(0, slash));
    }
    if (!written.add(path)) {
      throw new IllegalArgumentException("twice in one archive: " + path);
    }
    header(path, inode++, mode, contents.length, major, minor);
    write(contents);
    pad();
  }

  private void header(String path, int number, int mode, int size, int major, int minor)
      throws IOException {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    int links = (mode & DIRECTORY) != 0 && (mode & FILE) == 0 ? 2 : 1;
    // magic, inode, mode, uid, gid, links, time, size, device, device number, name size, checksum
    String fields =
        "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
            .formatted(number, mode, 0, 0, links, 0, size, 0, 0, major, minor, name.length + 1, 0);
    write(fields.getBytes(StandardCharsets.US_ASCII));
    write(name);
    write(new byte[1]);
    pad();
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    position += bytes.length;
  }

  /** Names and contents both end on a multiple of four bytes. */
  private void pad() throws IOException {
    write(new byte[(int) (-position & 3)]);
  }
}
