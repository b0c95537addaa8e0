package org.smemv.node.agent;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.smemv.node.qemu.QemuBody;

/** The VMs whose body is on this host, by name and by id. Safe for use by many threads. */
final class HostedVms {
  /** A VM with what is remembered for its reports. */
  record Entry(HostedVm vm, VmReports reports) {}

  private final String host;
  private final HostPaths paths;
  private final Map<String, Entry> byName = new ConcurrentHashMap<>();
  private final Map<String, UnheldVm> unheld = new ConcurrentHashMap<>();
  private final Map<String, String> leftTo = new ConcurrentHashMap<>();
  private final Set<String> names = ConcurrentHashMap.newKeySet();

  HostedVms(String host, HostPaths paths) {
    this.host = host;
    this.paths = paths;
  }

  /**
   * Takes a name, so that a VM that starts and one that arrives never get the same.
   *
   * @return null when it was taken, else why not, to follow the name of the host
   */
  @Nullable String claim(String name) {
    return claim(name, 0);
  }

  /**
   * As {@link #claim(String)}, for a QEMU that runs.
   *
   * @param pid its process, which may have been recorded under that name before
   */
  @Nullable String claim(String name, long pid) {
    if (!names.add(name)) {
      UnheldVm without = unheld.get(name);
      String to = leftTo.get(name);
      if (to != null) {
        return "has memory that VM " + name + " left there, until " + to + " has all of it";
      }
      return without == null ? "has a VM named " + name + " already" : without.description();
    }
    String living = living(name, pid);
    if (living != null) {
      names.remove(name);
    }
    return living;
  }

  /** A QEMU that nobody holds, after a failure, still needs what has its name. */
  private @Nullable String living(String name, long except) {
    try {
      return QemuBody.living(paths.vm(name))
          .filter(process -> process.pid() != except)
          .map(
              process ->
                  "has the QEMU of a VM named "
                      + name
                      + " already, process "
                      + process.pid()
                      + ": end that first")
          .orElse(null);
    } catch (IOException e) {
      return "may have a VM named " + name + " already: " + e.getMessage();
    }
  }

  /** Gives a name back. */
  void unclaim(String name) {
    leftTo.remove(name);
    names.remove(name);
  }

  /** The VM has gone, but memory that it left here still has its name. */
  void left(VmRecord record) {
    names.add(record.name());
    leftTo.put(record.name(), String.valueOf(record.leavingTo()));
    byName.remove(record.name());
    unheld.remove(record.name());
  }

  void add(HostedVm vm) {
    names.add(vm.record().name());
    byName.put(vm.record().name(), new Entry(vm, new VmReports(vm, host)));
    unheld.remove(vm.record().name());
  }

  /** Takes the name of a VM that cannot be held yet. */
  void add(UnheldVm vm) {
    names.add(vm.name());
    unheld.put(vm.name(), vm);
  }

  /** Gives the name of a VM back that has ended before it was held. */
  void remove(UnheldVm vm) {
    unheld.remove(vm.name());
    names.remove(vm.name());
  }

  @Nullable UnheldVm unheld(String name) {
    return unheld.get(name);
  }

  Collection<UnheldVm> unheld() {
    return List.copyOf(unheld.values());
  }

  /** Removes the VM and gives its name back. */
  void remove(HostedVm vm) {
    names.remove(vm.record().name());
    byName.computeIfPresent(vm.record().name(), (name, entry) -> entry.vm() == vm ? null : entry);
  }

  @Nullable Entry get(String name) {
    return byName.get(name);
  }

  @Nullable HostedVm get(UUID id) {
    for (Entry entry : byName.values()) {
      if (entry.vm().id().equals(id)) {
        return entry.vm();
      }
    }
    return null;
  }

  Collection<Entry> all() {
    return List.copyOf(byName.values());
  }
}
