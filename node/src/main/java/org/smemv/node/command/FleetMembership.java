package org.smemv.node.command;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.FleetOptions;
import org.smemv.node.api.HostsFile;
import org.smemv.placement.Name;
import picocli.CommandLine.Option;

/** What an agent tells the directory, as options. */
final class FleetMembership {
  @Option(
      names = "--directory",
      paramLabel = "IP:PORT",
      description = "The data port of the directory to tell of this host; none if left out.")
  private @Nullable String directory;

  @Option(
      names = "--link-rate",
      paramLabel = "R",
      converter = RateConverter.class,
      description =
          "How fast its network card is, such as 10gbit; read from the system if left out.")
  private long linkRate;

  @Option(
      names = "--reserve",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "Of its free memory, what the directory's plans leave alone.")
  private long reserve;

  @Option(
      names = "--label",
      paramLabel = "LABEL",
      description = "A name that VMs can be kept apart from, such as a rack's. May be repeated.")
  private List<String> labels = List.of();

  FleetOptions options() {
    labels.forEach(label -> Name.require("--label", label));
    String given = directory;
    if (given != null) {
      return new FleetOptions(HostsFile.address("--directory", given), linkRate, reserve, labels);
    }
    if (linkRate != 0 || reserve != 0 || !labels.isEmpty()) {
      throw new IllegalArgumentException(
          "--link-rate, --reserve and --label are for the directory: give --directory too");
    }
    return FleetOptions.ALONE;
  }
}
