package org.smemv.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Held while a lab is changed: one process at a time, freed by the kernel when that one dies. */
final class LabLock implements AutoCloseable {
  private static final Duration AWAIT = Duration.ofSeconds(10);

  private final FileChannel channel;

  private LabLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes it at once or not at all.
   *
   * @throws LabException when another process, or another thread, is changing the lab
   */
  static LabLock take() {
    try {
      Files.createDirectories(LabFiles.ROOT);
      FileChannel channel =
          FileChannel.open(LabFiles.LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (tryLock(channel) == null) {
        channel.close();
        throw new LabException(
            "another program is starting or removing the lab right now (it holds "
                + LabFiles.LOCK
                + "); there can be one lab on a machine");
      }
      return new LabLock(channel);
    } catch (IOException e) {
      throw new LabException("cannot lock " + LabFiles.LOCK + ": " + e, e);
    }
  }

  /**
   * Waits for it, as one who removes a lab must not give up because another tries to start one.
   *
   * @throws LabException when the other has not finished after ten seconds
   */
  static LabLock await() {
    long deadline = System.nanoTime() + AWAIT.toNanos();
    while (true) {
      try {
        return take();
      } catch (LabException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        Pause.millis(100);
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new LabException("cannot unlock " + LabFiles.LOCK + ": " + e, e);
    }
  }
}
