package org.smemv.node.command;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ServiceLoader;
import org.smemv.node.AgentMain;
import org.smemv.node.AgentOptions;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.OperationException;
import org.smemv.placement.Name;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "agent",
    description = "Runs the agent of this host, in the foreground, until it is told to end.")
final class AgentCommand extends SmemvTask {
  private static final long PAGE_BYTES = 4096;

  @Option(names = "--name", required = true, paramLabel = "H", description = "This host's name.")
  private String name = "";

  @Option(
      names = "--data",
      required = true,
      paramLabel = "IP:PORT",
      description = "Where to listen for other agents.")
  private String data = "";

  @Option(
      names = "--api",
      required = true,
      paramLabel = ApiAddress.SYNTAX,
      description =
          "Where operators reach it: a Unix socket, whose directory becomes private, or a loopback"
              + " address, which every user of the machine reaches.")
  private String api = "";

  @Option(
      names = "--state",
      required = true,
      paramLabel = "DIR",
      description = "For records of VMs, and for their memory on a tmpfs.")
  private Path state = Path.of("");

  @Option(
      names = "--capacity",
      required = true,
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "Memory for VMs and for parts of others.")
  private long capacity;

  @Mixin private FleetMembership fleet = new FleetMembership();

  @Override
  protected ExitCode run() throws Exception {
    AgentOptions options = options();
    AgentMain agent =
        ServiceLoader.load(AgentMain.class)
            .findFirst()
            .orElseThrow(
                () ->
                    new OperationException(
                        ErrorCode.FAILED, "this build of smemv has no agent in it"));
    agent.run(options);
    return ExitCode.OK;
  }

  private AgentOptions options() {
    Name.require("--name", name);
    ApiAddress operators = ApiAddress.parse("--api", api);
    if (capacity % PAGE_BYTES != 0) {
      throw new IllegalArgumentException("--capacity " + capacity + ": whole pages of 4096 bytes");
    }
    InetSocketAddress address = HostsFile.address("--data", data);
    return new AgentOptions(
        name,
        address,
        operators,
        state.toAbsolutePath().normalize(),
        capacity,
        root().hostsFile().toAbsolutePath(),
        fleet.options());
  }
}
