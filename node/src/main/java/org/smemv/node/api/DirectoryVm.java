package org.smemv.node.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a VM is, as its agent told the directory. QEMU is not asked for it: a VM that stands while
 * its agent does not stop it is told to run.
 *
 * @param id its identity for life
 * @param host where it runs
 * @param hostLost that host is not heard of; the rest is what it said last
 * @param reason why it is stalled or dead; null otherwise
 * @param memoryBytes guest RAM
 * @param mainMemoryBytes the most of it that may be on its host
 * @param residentBytes of it on its host
 * @param zeroBytes of it that are zero and stored nowhere
 * @param workingSetBytes what its host should hold; 0 when that is not known
 * @param subs the hosts that hold the rest
 */
public record DirectoryVm(
    String name,
    String id,
    String host,
    boolean hostLost,
    VmState state,
    @Nullable String reason,
    long memoryBytes,
    long mainMemoryBytes,
    long residentBytes,
    long zeroBytes,
    long workingSetBytes,
    List<VmReport.Sub> subs) {
  public DirectoryVm {
    subs = List.copyOf(subs);
  }
}
