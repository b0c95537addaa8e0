package org.smemv.lab;

import java.nio.file.Path;

/** Where a lab keeps what it must find again. There is one lab on a machine. */
final class LabFiles {
  static final Path ROOT = Path.of("/run/smemv");

  /** Everything of the running lab; removed with it. */
  static final Path LAB = ROOT.resolve("lab");

  static final Path STATE = LAB.resolve("lab.json");

  /** The hosts file that agents and the CLI read by default. */
  static final Path HOSTS = ROOT.resolve("hosts.json");

  static final Path LOCK = ROOT.resolve("lab.lock");

  private LabFiles() {}
}
