package org.smemv.node.command;

import java.util.List;
import org.smemv.node.api.DirectoryOperations;
import org.smemv.node.api.DirectoryVm;
import org.smemv.node.api.HostOperations;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import org.smemv.node.api.VmReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "Lists the VMs of all hosts.")
final class VmListCommand extends SmemvTask {
  @Mixin private DirectoryChoice directory = new DirectoryChoice();

  @Override
  protected ExitCode run() throws OperationException {
    List<DirectoryVm> known = directory.answer(this, DirectoryOperations::vms);
    Table table = new Table("NAME", "HOST", "STATE", ">MEMORY", ">RESIDENT", ">REMOTE", ">ZERO");
    if (known == null) {
      ofHosts(table);
    } else {
      screen().data(known);
      known.forEach(vm -> row(table, vm));
    }
    table.lines().forEach(screen()::line);
    return ExitCode.OK;
  }

  private void ofHosts(Table table) throws OperationException {
    List<VmReport> vms =
        hosts().answers(screen(), HostOperations::vms).stream().flatMap(List::stream).toList();
    screen().data(vms);
    for (VmReport vm : vms) {
      table.row(
          vm.name(),
          vm.host(),
          vm.state(),
          Size.format(vm.memoryBytes()),
          Size.format(vm.residentBytes()),
          Size.format(remote(vm.subs())),
          Size.format(vm.zeroBytes()));
    }
  }

  private static void row(Table table, DirectoryVm vm) {
    table.row(
        vm.name(),
        vm.host(),
        vm.hostLost() ? vm.state() + " (host lost)" : vm.state(),
        Size.format(vm.memoryBytes()),
        Size.format(vm.residentBytes()),
        Size.format(remote(vm.subs())),
        Size.format(vm.zeroBytes()));
  }

  private static long remote(List<VmReport.Sub> subs) {
    return subs.stream().mapToLong(VmReport.Sub::bytes).sum();
  }
}
