package org.smemv.node.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.smemv.linux.MemoryMount;
import org.smemv.linux.MountPoint;

/**
 * Decides whether the memory of a running QEMU can be taken over: it asks QEMU's monitor and looks
 * at its process. Changes nothing. One use, one thread.
 */
public final class QemuInspection {
  private static final Duration ANSWER = Duration.ofSeconds(5);
  private static final String BACKEND_REMEDY =
      "start QEMU with -object memory-backend-file,id=ram0,size=SIZE,mem-path=FILE,share=on"
          + " -machine memory-backend=ram0, FILE on a tmpfs mounted with huge=never";

  private final QemuProcess process;
  private final Qmp qmp;
  private final List<Refusal> refusals = new ArrayList<>();

  private QemuInspection(QemuProcess process, Qmp qmp) {
    this.process = process;
    this.qmp = qmp;
  }

  /**
   * Makes sure that a process id is a living QEMU's.
   *
   * @throws QemuException {@code NO_SUCH_PROCESS} or {@code NOT_QEMU}
   */
  public static QemuProcess identify(long pid) throws IOException {
    QemuProcess process = QemuProcess.of(pid);
    String program = program(process);
    if (!program.startsWith("qemu") && !program.equals("kvm")) {
      throw new QemuException(
          QemuException.Kind.NOT_QEMU,
          "process "
              + pid
              + " is not QEMU but "
              + (program.isEmpty() ? "a kernel thread" : program));
    }
    return process;
  }

  private static String program(QemuProcess process) throws IOException {
    try {
      return String.valueOf(Files.readSymbolicLink(process.proc("exe")).getFileName());
    } catch (IOException e) {
      // Kernel threads and zombies have no program; what they are called is enough to say no.
      return process.isAlive() ? Files.readString(process.proc("comm")).strip() : "ended";
    }
  }

  /**
   * Looks for unsuitable devices on the command line alone: a QEMU that waits for the other process
   * of such a device does not answer its monitor.
   */
  public static List<Refusal> commandLineRefusals(QemuProcess process) throws IOException {
    List<Refusal> refusals = new ArrayList<>();
    for (QemuOption option : QemuOption.parse(process.commandLine())) {
      if (List.of("-device", "-netdev", "-nic", "-net").contains(option.name())) {
        DeviceRules.device("argument " + option, option.type()).ifPresent(refusals::add);
      }
    }
    return refusals;
  }

  /**
   * Inspects.
   *
   * @param process as {@link #identify} returned it
   * @param qmp the monitor of the same QEMU
   * @throws QemuException {@code SOCKET_OF_ANOTHER} when the monitor is another QEMU's
   */
  public static Suitability inspect(QemuProcess process, Qmp qmp) throws IOException {
    return new QemuInspection(process, qmp).inspect();
  }

  private Suitability inspect() throws IOException {
    int cpus = requireSameQemu();
    Optional<String> backend = memoryBackend();
    Optional<MemoryMap> memory = backend.isPresent() ? memoryFile(backend.get()) : Optional.empty();
    disks();
    devices();
    networks();
    descriptors();
    lockedMemory();
    capabilities();
    noMigration();
    if (refusals.isEmpty() && backend.isPresent() && memory.isPresent()) {
      return suitable(cpus, backend.get(), memory.get());
    }
    return new Suitability.Unsuitable(refusals);
  }

  private Suitability suitable(int cpus, String backend, MemoryMap memory) throws IOException {
    boolean kvm = qmp.execute("query-kvm", ANSWER).path("enabled").asBoolean();
    return new Suitability.Suitable(
        process,
        qmp.execute("query-name", ANSWER).path("name").asText(""),
        qmp.version(),
        kvm ? Accelerator.KVM : Accelerator.TCG,
        cpus,
        backend,
        memory.openable(process),
        memory.bytes(),
        memory.address(),
        qmp.execute("query-status", ANSWER).path("running").asBoolean(),
        process.commandLine());
  }

  /** The monitor tells the thread ids of the CPUs: they must be threads of this process. */
  private int requireSameQemu() throws IOException {
    JsonNode cpus = qmp.execute("query-cpus-fast", ANSWER);
    for (JsonNode cpu : cpus) {
      String thread = cpu.path("thread-id").asText();
      if (!Files.exists(process.proc("task").resolve(thread))) {
        throw new QemuException(
            QemuException.Kind.SOCKET_OF_ANOTHER,
            "the QMP socket is not that of process "
                + process.pid()
                + ": its CPU thread "
                + thread
                + " belongs to another QEMU. Check --pid and --qmp");
      }
    }
    return cpus.size();
  }

  private Optional<String> memoryBackend() throws IOException {
    JsonNode backends = qmp.execute("query-memdev", ANSWER);
    if (backends.size() != 1) {
      refuse(
          backends.isEmpty() ? "no memory backend" : backends.size() + " memory backends",
          "exactly one is supported",
          BACKEND_REMEDY);
      return Optional.empty();
    }
    JsonNode backend = backends.get(0);
    String id = backend.path("id").asText("");
    String type = property("/objects/" + id, "type").orElse("unknown");
    if (!type.equals("memory-backend-file")) {
      refuse("memory backend '" + id + "' of type " + type, "it is private memory", BACKEND_REMEDY);
      return Optional.empty();
    }
    if (!backend.path("share").asBoolean()) {
      refuse("memory backend '" + id + "'", "it is private memory (share=off)", "use share=on");
      return Optional.empty();
    }
    return Optional.of(id);
  }

  private Optional<MemoryMap> memoryFile(String backend) throws IOException {
    String named = property("/objects/" + backend, "mem-path").orElse("");
    Path path = Files.readSymbolicLink(process.proc("cwd")).resolve(named);
    Path file = Files.exists(path) ? path.toRealPath() : path;
    Optional<MemoryMap> memory =
        Files.isDirectory(file)
            ? MemoryMap.ofNameless(process, file, backend)
            : MemoryMap.ofFile(process, file.toString());
    if (memory.isEmpty()) {
      refuse("RAM file " + file, "QEMU does not map it in one piece", BACKEND_REMEDY);
      return memory;
    }
    if (!memory.get().shared()) {
      refuse("RAM file " + file, "it is mapped privately", "use share=on");
    }
    judgeMount(file.toString(), memory.get());
    return memory;
  }

  private void judgeMount(String file, MemoryMap memory) throws IOException {
    MountPoint mount = mountOf(process, memory.device());
    if (mount == null || !mount.type().equals("tmpfs")) {
      refuse(
          "RAM file " + file,
          "it is on " + (mount == null ? "an unknown file system" : mount.type()) + ", not tmpfs",
          "put it on a tmpfs mounted with huge=never");
    } else if (!mount.hugePages().equals("never") || MemoryMount.hugePagesForced()) {
      String policy = MemoryMount.hugePagesForced() ? "shmem_enabled=force" : mount.hugePages();
      refuse(
          "RAM file " + file,
          "the tmpfs at "
              + mount.place()
              + " uses huge pages ("
              + policy
              + "), and single pages of"
              + " them cannot be moved away",
          "mount it with huge=never");
    }
  }

  private static @Nullable MountPoint mountOf(QemuProcess process, String device)
      throws IOException {
    return MountPoint.in(process.proc("mountinfo")).stream()
        .filter(mount -> mount.device().equals(device))
        .findFirst()
        .orElse(null);
  }

  private void disks() throws IOException {
    Map<String, String> drives = BlockNodes.drivesByNode(qmp.execute("query-block", ANSWER));
    List<JsonNode> others = new ArrayList<>();
    for (JsonNode node : qmp.execute("query-named-block-nodes", ANSWER)) {
      String drive = drives.get(node.path("node-name").asText());
      if (drive != null) {
        judgeDisk(drive, node);
      } else {
        others.add(node);
      }
    }
    // What a drive is built of: said only when no drive was named for the same file.
    for (JsonNode node : others) {
      if (!namedAlready(node.path("file").asText())) {
        judgeDisk(node.path("node-name").asText(), node);
      }
    }
  }

  private void judgeDisk(String name, JsonNode node) {
    String what = "disk '" + name + "' (" + node.path("file").asText() + ")";
    if (node.path("cache").path("direct").asBoolean()) {
      refusals.add(DeviceRules.directDisk(what));
    }
    if (node.path("drv").asText().equals("nvme")) {
      DeviceRules.device(what, "vfio").ifPresent(refusals::add);
    }
  }

  private void devices() throws IOException {
    for (String container : List.of("/machine/peripheral", "/machine/peripheral-anon")) {
      for (JsonNode child : qmp.execute("qom-list", Map.of("path", container), ANSWER)) {
        String type = child.path("type").asText();
        if (type.startsWith("child<")) {
          String device = type.substring("child<".length(), type.length() - 1);
          String what = "device " + device + " '" + child.path("name").asText() + "'";
          DeviceRules.device(what, device).ifPresent(refusals::add);
        }
      }
    }
  }

  /** Network back ends show up in no QMP query; the human monitor lists them. */
  private void networks() throws IOException {
    String answer =
        qmp.execute("human-monitor-command", Map.of("command-line", "info network"), ANSWER)
            .asText();
    for (String line : answer.split("\\R", -1)) {
      int type = line.indexOf("type=vhost-");
      if (type >= 0) {
        String what = "network back end " + line.strip().replaceFirst("^[\\\\ ]+", "");
        DeviceRules.device(what, line.substring(type + "type=".length())).ifPresent(refusals::add);
      }
    }
  }

  private void descriptors() throws IOException {
    for (OpenDescriptor descriptor : OpenDescriptor.of(process)) {
      if (descriptor.target().contains("vfio")) {
        DeviceRules.device("open " + descriptor.target(), "vfio").ifPresent(refusals::add);
      } else if (descriptor.direct() && !namedAlready(descriptor.target())) {
        refusals.add(DeviceRules.directDisk("file " + descriptor.target() + " open with O_DIRECT"));
      }
    }
  }

  private boolean namedAlready(String file) {
    String end = file.substring(file.lastIndexOf('/') + 1);
    return refusals.stream().anyMatch(refusal -> refusal.what().contains(end));
  }

  private void lockedMemory() throws IOException {
    for (String line : Files.readAllLines(process.proc("status"))) {
      if (line.startsWith("VmLck:") && !line.replaceAll("\\D", "").equals("0")) {
        refuse(
            "locked memory (" + line.strip() + ")",
            "it cannot be moved away page by page",
            "use -overcommit mem-lock=off");
      }
    }
  }

  private void capabilities() throws IOException {
    List<String> known = new ArrayList<>();
    for (JsonNode capability : qmp.execute("query-migrate-capabilities", ANSWER)) {
      known.add(capability.path("capability").asText());
    }
    for (String needed : List.of("x-ignore-shared", "pause-before-switchover")) {
      if (!known.contains(needed)) {
        refuse(
            "QEMU " + qmp.version() + " without the migration capability " + needed,
            "its body cannot be moved without its RAM",
            "use QEMU 4.0 or later; 7.2 is known to work");
      }
    }
  }

  private void noMigration() throws IOException {
    String status = qmp.execute("query-migrate", ANSWER).path("status").asText("none");
    if (!List.of("none", "completed", "failed", "cancelled").contains(status)) {
      refuse(
          "a migration by QEMU itself (" + status + ")",
          "two migrations of one VM disturb each other",
          "wait for its end or cancel it");
    }
  }

  private Optional<String> property(String path, String name) throws IOException {
    try {
      @Nullable String value =
          qmp.execute("qom-get", Map.of("path", path, "property", name), ANSWER).asText();
      return Optional.ofNullable(value);
    } catch (QmpException e) {
      if (e.kind() == QmpException.Kind.REFUSED) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private void refuse(String what, String why, String remedy) {
    refusals.add(new Refusal(what, why, remedy));
  }
}
