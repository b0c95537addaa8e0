package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.smemv.linux.MountPoint;

/** What a lab has mounted, and how it goes. */
final class MountTable {
  private MountTable() {}

  /** Mount points below a folder, the latest mounted first, which is the order to undo them in. */
  static List<Path> below(Path folder) {
    try {
      return MountPoint.in(MountPoint.OF_THIS_PROCESS).stream()
          .map(MountPoint::place)
          .filter(place -> place.startsWith(folder))
          .toList()
          .reversed();
    } catch (IOException e) {
      throw new LabException("cannot read " + MountPoint.OF_THIS_PROCESS + ": " + e, e);
    }
  }

  /** Unmounts; what is still in use goes as soon as it is free. */
  static void unmount(Path place) {
    ExternalProgram.Result plain = ExternalProgram.of("umount", place.toString()).run();
    if (plain.exit() != 0) {
      ExternalProgram.of("umount", "--lazy", place.toString()).output();
    }
  }
}
