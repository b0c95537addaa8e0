package org.smemv.node.command;

import org.smemv.node.EndOfProcess;
import org.smemv.node.api.ApiAddress;
import org.smemv.node.api.HostsFile;
import org.smemv.node.directory.DirectoryDaemon;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "directory",
    description =
        "Runs the directory of all hosts, in the foreground, until it is told to end. It keeps"
            + " nothing: after a restart agents tell it everything again within seconds.")
final class DirectoryCommand extends SmemvTask {
  @Option(
      names = "--api",
      required = true,
      paramLabel = ApiAddress.SYNTAX,
      description = "Where operators ask; the directory of a socket becomes private.")
  private String api = "";

  @Option(
      names = "--data",
      required = true,
      paramLabel = "IP:PORT",
      description = "Where agents tell it of their hosts.")
  private String data = "";

  @Override
  protected ExitCode run() throws Exception {
    ApiAddress endpoint = ApiAddress.parse("--api", api);
    DirectoryDaemon daemon = DirectoryDaemon.start(HostsFile.address("--data", data), endpoint);
    screen().line("directory: agents at " + data + ", operators at " + endpoint);
    EndOfProcess.await(daemon::close);
    return ExitCode.OK;
  }
}
