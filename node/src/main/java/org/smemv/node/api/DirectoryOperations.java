package org.smemv.node.api;

import java.util.List;

/**
 * What the directory can be asked. It answers from what agents told it in the last seconds, and
 * changes nothing: a host alone grants its memory.
 */
public interface DirectoryOperations {
  /** All hosts, by name; those that are lost too. */
  List<DirectoryHost> hosts() throws OperationException;

  /** All VMs, by name: where each runs and where its memory is. */
  List<DirectoryVm> vms() throws OperationException;

  /**
   * Chooses hosts for a VM.
   *
   * @throws OperationException {@code CAPACITY} or {@code UNSUITABLE} with what is missing and by
   *     how much, {@code NOT_FOUND}, {@code UNREACHABLE_HOST} when the VM's host is lost
   */
  DirectoryPlan plan(PlanWish wish) throws OperationException;
}
