package org.smemv.node.command;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote into this module. */
final class SmemvVersion implements IVersionProvider {
  @Override
  public String[] getVersion() throws IOException {
    Properties properties = new Properties();
    try (InputStream stream = SmemvVersion.class.getResourceAsStream("version.properties")) {
      properties.load(Objects.requireNonNull(stream, "version.properties"));
    }
    return new String[] {"S-memV " + properties.getProperty("version")};
  }
}
