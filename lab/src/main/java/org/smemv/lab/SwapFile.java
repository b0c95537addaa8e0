package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/**
 * A swap file on the machine's disk, for the conventional way of running a VM in too little memory.
 * The whole machine may swap to it, but only a host over its limit has reason to. There is one, at
 * a fixed place, so that the lab's removal finds it after a crash.
 */
public final class SwapFile implements AutoCloseable {
  /** Not below /run, which is often no disk. */
  static final Path PLACE = Path.of("/var/tmp/smemv-lab.swap");

  /** Swapping everything back in from a slow disk takes this long at 20 MB/s and 2 GiB. */
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  private SwapFile() {}

  /**
   * Makes and switches on a swap file; an earlier one is removed first.
   *
   * @param bytes its size, whole pages
   * @throws LabException when the disk is full or its file system cannot swap
   */
  public static SwapFile on(long bytes) {
    remove();
    try {
      Files.createFile(
          PLACE,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      run("fallocate", "--length", Long.toString(bytes), PLACE.toString());
      run("mkswap", PLACE.toString());
      run("swapon", PLACE.toString());
      return new SwapFile();
    } catch (IOException e) {
      throw new LabException("cannot make " + PLACE + ": " + e, e);
    } catch (LabException e) {
      remove();
      throw e;
    }
  }

  /** Switches it off and deletes it; nothing happens when there is none. */
  static void remove() {
    try {
      boolean active =
          Files.readAllLines(Path.of("/proc/swaps")).stream()
              .anyMatch(line -> line.startsWith(PLACE + " "));
      if (active) {
        run("swapoff", PLACE.toString());
      }
      Files.deleteIfExists(PLACE);
    } catch (IOException e) {
      throw new LabException("cannot remove " + PLACE + ": " + e, e);
    }
  }

  @Override
  public void close() {
    remove();
  }

  private static void run(String... command) {
    var _ = ExternalProgram.of(command).withTimeout(TIMEOUT).output();
  }
}
