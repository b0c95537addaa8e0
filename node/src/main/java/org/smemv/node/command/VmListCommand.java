package org.smemv.node.command;

import java.util.List;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import picocli.CommandLine.Command;

@Command(name = "list", description = "Lists the VMs of all hosts.")
final class VmListCommand extends SmemvTask {
  @Override
  protected ExitCode run() throws OperationException {
    List<VmReport> vms =
        hosts().answers(screen(), HostOperations::vms).stream().flatMap(List::stream).toList();
    screen().data(vms);
    Table table = new Table("NAME", "HOST", "STATE", ">MEMORY", ">RESIDENT", ">REMOTE", ">ZERO");
    for (VmReport vm : vms) {
      long remote = vm.subs().stream().mapToLong(VmReport.Sub::bytes).sum();
      table.row(
          vm.name(),
          vm.host(),
          vm.state(),
          Size.format(vm.memoryBytes()),
          Size.format(vm.residentBytes()),
          Size.format(remote),
          Size.format(vm.zeroBytes()));
    }
    table.lines().forEach(screen()::line);
    return ExitCode.OK;
  }
}
