package org.smemv.node.agent;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The VMs whose body is on this host, by name and by id. Safe for use by many threads. */
final class HostedVms {
  /** A VM with what is remembered for its reports. */
  record Entry(HostedVm vm, VmReports reports) {}

  private final String host;
  private final Map<String, Entry> byName = new ConcurrentHashMap<>();
  private final Set<String> names = ConcurrentHashMap.newKeySet();

  HostedVms(String host) {
    this.host = host;
  }

  /**
   * Takes a name, so that a VM that starts and one that arrives never get the same; false when it
   * is taken.
   */
  boolean claim(String name) {
    return names.add(name);
  }

  /** Gives a name back. */
  void unclaim(String name) {
    names.remove(name);
  }

  void add(HostedVm vm) {
    names.add(vm.record().name());
    byName.put(vm.record().name(), new Entry(vm, new VmReports(vm, host)));
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
