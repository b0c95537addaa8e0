package org.smemv.node.command;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.NetRequest;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.Size;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;
import org.smemv.node.api.VmReport;
import org.smemv.node.qemu.QemuExtraArguments;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "start",
    description = "Starts a VM on a host.",
    footer = {
      "",
      "Example: smemv vm start web --host h1 --memory 1G --cpus 2 --disk /srv/web.qcow2"
          + " -- -device virtio-rng-pci",
      "         smemv vm start big --host h1 --memory 8G --main-memory 2G --sub h2 --disk /srv/big.raw"
    })
final class VmStartCommand extends SmemvTask {
  @Parameters(index = "0", paramLabel = "NAME", description = "The VM's name.")
  private String name = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "-- QEMU-ARGUMENT",
      description = "After --: more arguments of QEMU.")
  private List<String> qemuArguments = List.of();

  @Option(names = "--host", required = true, paramLabel = "H", description = "Where to start it.")
  private String host = "";

  @Option(
      names = "--memory",
      required = true,
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "Guest RAM, such as 1G.")
  private long memory;

  @Option(names = "--cpus", defaultValue = "1", paramLabel = "N", description = "Virtual CPUs.")
  private int cpus;

  @Option(
      names = "--net",
      paramLabel = "bridge=BR,mac=MAC",
      converter = NetConverter.class,
      description = "A virtio network card on a bridge of the host.")
  private @Nullable NetRequest net;

  @Option(
      names = "--disk",
      paramLabel = "FILE",
      description = "A disk image that all hosts can open: qcow2 if it is called so, else raw.")
  private @Nullable Path disk;

  @Option(names = "--kernel", paramLabel = "F", description = "A Linux kernel to boot.")
  private @Nullable Path kernel;

  @Option(names = "--initrd", paramLabel = "F", description = "Its initial RAM disk.")
  private @Nullable Path initrd;

  @Option(names = "--append", paramLabel = "S", description = "Its command line.")
  private @Nullable String append;

  @Option(
      names = "--accel",
      paramLabel = "kvm|tcg",
      description = "What runs the guest; the default is kvm where the CPU has it.")
  private @Nullable String accelerator;

  @Option(
      names = "--main-memory",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "The most of its memory that may be on that host; all of it if left out.")
  private long mainMemory;

  @Option(
      names = "--sub",
      paramLabel = "H[:SIZE]",
      converter = SubShareConverter.class,
      description =
          "A host for a part of the rest, and the most it may get. May be repeated; needs"
              + " --main-memory.")
  private List<SubShare> subs = List.of();

  @Override
  protected ExitCode run() throws OperationException {
    QemuExtraArguments.check(qemuArguments);
    StartVm request =
        new StartVm(
            name,
            memory,
            cpus,
            net,
            absolute(disk),
            absolute(kernel),
            absolute(initrd),
            append,
            accelerator,
            qemuArguments,
            mainMemory,
            subs);
    VmReport report = hosts().host(host).start(request);
    screen().data(report);
    screen()
        .line(
            "VM "
                + report.name()
                + " runs on "
                + report.host()
                + " with "
                + Size.format(report.memoryBytes())
                + " (QEMU "
                + report.qemuVersion()
                + ", "
                + report.accelerator()
                + ", process "
                + report.pid()
                + ")");
    return ExitCode.OK;
  }

  private static @Nullable String absolute(@Nullable Path path) {
    return path == null ? null : path.toAbsolutePath().normalize().toString();
  }
}
