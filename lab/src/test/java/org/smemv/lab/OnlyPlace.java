package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;

/** Where the only VM of a lab runs, by what all hosts say and by the QEMUs that there are. */
final class OnlyPlace {
  private static final Duration SETTLES = Duration.ofMinutes(2);

  private OnlyPlace() {}

  /** The one host that has the VM, once it runs there and all others know nothing of it. */
  static String await(SplitLab lab) {
    return Awaitility.await("the VM is in one place")
        .atMost(SETTLES)
        .ignoreExceptionsInstanceOf(OperationException.class)
        .until(() -> find(lab), found -> !found.isEmpty());
  }

  private static String find(SplitLab lab) throws OperationException, IOException {
    List<String> places = new ArrayList<>();
    int qemus = 0;
    for (LabHost host : lab.lab().hosts()) {
      String name = host.plan().name();
      if (lab.lab().agent(name).filter(RecordedProcess::isAlive).isEmpty()) {
        continue; // only ever that of a sub-host
      }
      for (VmReport vm : lab.host(name).vms()) {
        places.add(vm.state() == VmState.RUNNING ? name : name + " " + vm.state());
      }
      for (long pid : host.processes()) {
        qemus += isQemu(pid) ? 1 : 0;
      }
    }
    boolean one = places.size() == 1 && qemus == 1 && !places.getFirst().contains(" ");
    return one ? places.getFirst() : "";
  }

  private static boolean isQemu(long pid) throws IOException {
    Path name = Path.of("/proc/" + pid + "/comm");
    return Files.exists(name) && Files.readString(name).startsWith("qemu-system");
  }
}
