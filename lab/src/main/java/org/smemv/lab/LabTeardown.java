package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes a lab in whatever state it is: complete, half made, or with its files lost. It finds what
 * there is by the names that only a lab gives, and ends a process only because it is in a lab's
 * control group, or because its number and start time were recorded.
 */
final class LabTeardown {
  private final List<String> troubles = new ArrayList<>();

  private LabTeardown() {}

  /**
   * Removes everything it can, then reports.
   *
   * @throws LabException naming all that could not be removed; to be called again
   */
  static void removeAll() {
    LabTeardown teardown = new LabTeardown();
    MemoryHierarchy memory = MemoryHierarchy.ofMachine();
    teardown.attempt(LabTeardown::killRecorded);
    // All hosts lose their processes first: a VM that lost only its pages' hosts would be stuck.
    memory.existing().forEach(group -> teardown.attempt(group::killAll));
    // Empty by now, since those who were swapped out have ended.
    teardown.attempt(SwapFile::remove);
    MountTable.below(LabFiles.LAB).forEach(m -> teardown.attempt(() -> MountTable.unmount(m)));
    LabNetwork.existing().forEach(n -> teardown.attempt(n::delete));
    memory.existing().forEach(group -> teardown.attempt(group::remove));
    teardown.attempt(memory::remove);
    teardown.attempt(LabTeardown::deleteFiles);
    if (!teardown.troubles.isEmpty()) {
      throw new LabException(
          "the lab is not removed completely; run 'smemv lab down' again. "
              + String.join("; ", teardown.troubles));
    }
  }

  /** One thing that cannot be removed must not keep the rest. */
  private void attempt(Runnable step) {
    try {
      step.run();
    } catch (LabException e) {
      troubles.add(e.getMessage());
    }
  }

  /** An agent is in its control group too, unless it died, or was stopped, on the way into it. */
  private static void killRecorded() {
    try {
      LabState.read(LabFiles.STATE)
          .filter(LabState::isOfThisBoot)
          .ifPresent(lab -> lab.agents().values().forEach(RecordedProcess::kill));
    } catch (LabException unreadable) {
      // The control groups still tell whom to end, and the file is about to go.
    }
  }

  private static void deleteFiles() {
    try {
      for (Path mount : MountTable.below(LabFiles.LAB)) {
        throw new LabException(mount + " is still mounted, so its files are left alone");
      }
      DeletedTree.delete(LabFiles.LAB);
      Files.deleteIfExists(LabFiles.HOSTS);
    } catch (IOException e) {
      throw new LabException("cannot delete " + LabFiles.LAB + ": " + e, e);
    }
  }
}
