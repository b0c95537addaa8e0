package org.smemv.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.VmReport;

/** Looks for what hosts keep although nobody needs it. */
final class LeftBehind {
  private static final int PAGE_SHIFT = 12;

  private final SplitLab lab;
  private final List<String> hosts;

  LeftBehind(SplitLab lab, List<String> hosts) {
    this.lab = lab;
    this.hosts = hosts;
  }

  /** Every grant is that of a VM that runs there, or of a part that its VM says is there. */
  void assertNoGrantIsLeftOver() throws OperationException {
    List<VmReport> vms = vms();
    for (String host : hosts) {
      HostReport report = lab.host(host).host();
      long granted = 0;
      for (VmReport vm : vms) {
        granted += vm.host().equals(host) ? vm.mainMemoryBytes() : 0;
      }
      for (HostReport.Share share : report.shares()) {
        granted += share.grantedBytes();
        assertThat(vms)
            .as("who needs %s on %s", share, host)
            .anyMatch(vm -> vm.id().equals(share.vmId()) && hasPartOn(vm, host));
      }
      assertThat(report.capacityBytes() - report.freeBytes())
          .as("granted on %s: %s; %s", host, report, vms)
          .isEqualTo(granted);
    }
    vms.forEach(TestVm::assertAddsUp);
  }

  /** Every sub-host holds as many pages as its VM's page table places there; they stand still. */
  void assertNoPageIsLeftOver() throws OperationException {
    List<String> placed = new ArrayList<>();
    for (VmReport vm : vms()) {
      for (VmReport.Sub sub : vm.subs()) {
        placed.add(row(sub.host(), vm.id(), sub.bytes() >> PAGE_SHIFT));
      }
    }
    List<String> held = new ArrayList<>();
    for (String host : hosts) {
      for (HostReport.Share share : lab.host(host).host().shares()) {
        held.add(row(host, share.vmId(), share.pages()));
      }
    }
    assertThat(held).containsExactlyInAnyOrderElementsOf(placed);
  }

  private static String row(String host, String vmId, long pages) {
    return "%s: %d pages of VM %s".formatted(host, pages, vmId);
  }

  /** Where no VM is any more there is no file but what QEMUs said, and no process but the agent. */
  void assertNothingIsThere() throws IOException {
    for (String host : hosts) {
      Path state = lab.lab().host(host).plan().folder().resolve("state");
      try (Stream<Path> ram = Files.list(state.resolve("ram"));
          Stream<Path> vms = Files.walk(state.resolve("vms"))) {
        assertThat(Stream.concat(ram, vms.filter(Files::isRegularFile)))
            .as("files on %s", host)
            .allMatch(file -> file.toString().endsWith(".log"));
      }
      assertThat(lab.lab().host(host).processes())
          .as("processes on %s", host)
          .containsExactly(lab.lab().agent(host).orElseThrow().pid());
    }
  }

  private List<VmReport> vms() throws OperationException {
    List<VmReport> vms = new ArrayList<>();
    for (String host : hosts) {
      vms.addAll(lab.host(host).vms());
    }
    return vms;
  }

  private static boolean hasPartOn(VmReport vm, String host) {
    return vm.subs().stream().anyMatch(sub -> sub.host().equals(host));
  }
}
