package org.smemv.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The shared libraries, loader included, without which programs do not start elsewhere. */
final class LibraryClosure {
  /** {@code libm.so.6 => /lib/libm.so.6 (0x7f..)}, or for the loader just {@code /lib64/ld..}. */
  private static final Pattern LINE =
      Pattern.compile("^\\s*(?:\\S+ => )?(/\\S+) \\(0x[0-9a-f]+\\)$");

  private LibraryClosure() {}

  /**
   * Absolute paths, as the loader asks for them, of every library that these programs need.
   *
   * @throws LabException when a library is missing on this machine
   */
  static SortedSet<Path> of(List<Path> programs) {
    SortedSet<Path> libraries = new TreeSet<>();
    for (Path program : programs) {
      String listing = ExternalProgram.of("ldd", program.toString()).output();
      if (listing.contains("not found")) {
        throw new LabException(program + " lacks a shared library:\n" + listing);
      }
      libraries.addAll(parse(listing));
    }
    return libraries;
  }

  static List<Path> parse(String listing) {
    return listing
        .lines()
        .map(LINE::matcher)
        .filter(Matcher::matches)
        .map(match -> Path.of(match.group(1)))
        .toList();
  }
}
