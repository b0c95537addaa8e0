package org.smemv.node.agent;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The VMs whose body is on this host, by name and by id. Safe for use by many threads. */
final class HostedVms {
  /** A VM with what is remembered for its reports. */
  record Entry(HostedVm vm, VmReports reports) {}

  private final String host;
  private final Map<String, Entry> byName = new ConcurrentHashMap<>();

  HostedVms(String host) {
    this.host = host;
  }

  void add(HostedVm vm) {
    byName.put(vm.record().name(), new Entry(vm, new VmReports(vm, host)));
  }

  void remove(HostedVm vm) {
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
