package org.smemv.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What apt and dpkg know; nothing is installed here. */
final class DebianPackages {
  /** Twice what the kernel's 27 MB take on a slow line of 2 Mbit/s. */
  private static final Duration DOWNLOAD_TIMEOUT = Duration.ofMinutes(4);

  private DebianPackages() {}

  /**
   * One line "name version" for each installed package.
   *
   * @throws LabException when one of them is not installed
   */
  static String installedVersions(List<String> packages) {
    List<String> command =
        new ArrayList<>(List.of("dpkg-query", "--show", "--showformat=${Package} ${Version}\\n"));
    command.addAll(packages);
    ExternalProgram.Result result = ExternalProgram.of(command).run();
    if (result.exit() != 0) {
      throw new LabException(
          "the guest image needs the Debian packages %s: %s. Run 'apt-get install %s'."
              .formatted(
                  String.join(", ", packages),
                  result.errors().strip(),
                  String.join(" ", packages)));
    }
    return result.output();
  }

  /**
   * The package that a meta-package stands for now, such as the newest kernel.
   *
   * @throws LabException when apt does not know it, also after its lists were fetched
   */
  static String resolve(String metaPackage) {
    String found = firstDependency(metaPackage);
    if (found.isEmpty()) {
      ExternalProgram.of("apt-get", "update", "-qq").withTimeout(DOWNLOAD_TIMEOUT).output();
      found = firstDependency(metaPackage);
    }
    if (found.isEmpty()) {
      throw new LabException(
          "apt knows no package %s: the lab needs Debian's package lists (amd64)"
              .formatted(metaPackage));
    }
    return found;
  }

  private static String firstDependency(String metaPackage) {
    return ExternalProgram.of("apt-cache", "depends", metaPackage)
        .run()
        .output()
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("Depends: "))
        .map(line -> line.substring("Depends: ".length()))
        .findFirst()
        .orElse("");
  }

  /** Puts the package's file into a folder; apt checks its hash. */
  static void download(String packageName, Path folder) {
    ExternalProgram.of(
            // As root, apt would otherwise drop its rights and fail to write into our folder.
            "apt-get", "-o", "APT::Sandbox::User=root", "download", packageName)
        .withDirectory(folder)
        .withTimeout(DOWNLOAD_TIMEOUT)
        .output();
  }

  /** Unpacks a package's files below a folder, without installing it. */
  static void unpack(Path packageFile, Path folder) {
    ExternalProgram.of("dpkg-deb", "-x", packageFile.toString(), folder.toString())
        .withTimeout(Duration.ofMinutes(1))
        .output();
  }
}
