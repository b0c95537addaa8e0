package org.smemv.node.api;

import java.util.List;

/**
 * Everything an operator can ask one host. Safe for use by many threads. Every method may block for
 * the time the operation takes, but each has a limit; every failure is an {@link
 * OperationException} with a message for the operator.
 */
public interface HostOperations {
  /** The host's memory. */
  HostReport host() throws OperationException;

  /**
   * Has the host refuse what is new and move away what is there, or ends that; durable. Returns how
   * it is then.
   */
  HostReport setDraining(SetDraining request) throws OperationException;

  /** How far it is with emptying itself. */
  DrainReport drain() throws OperationException;

  /** The VMs that run here or are being received. */
  List<VmReport> vms() throws OperationException;

  /** One of them; {@code NOT_FOUND} when it is not here. */
  VmReport vm(String name) throws OperationException;

  /** Starts a VM here and lets it run. */
  VmReport start(StartVm request) throws OperationException;

  /** Takes over the memory of a running QEMU; {@code UNSUITABLE} with all reasons if not. */
  VmReport attach(AttachVm request) throws OperationException;

  /** Ends a VM and frees its memory on all hosts. */
  void stop(String vm) throws OperationException;

  /** Changes the limit of a VM's memory on this host; returns at once, paging follows. */
  VmReport setMainMemory(String vm, SetMainMemory request) throws OperationException;

  /** Makes the plan of a migration and checks it against all hosts; changes nothing. */
  PlanReport plan(String vm, MigrateVm request) throws OperationException;

  /**
   * Starts a migration and returns its first report; {@link #follow} tells how it goes on. The
   * request's {@code dryRun} is false here.
   */
  MigrationReport migrate(String vm, MigrateVm request) throws OperationException;

  /**
   * Tells a follower what happens to a migration that was started here, until it has enough or the
   * migration is over. Blocks until then.
   *
   * @param after the id of the last event that the follower has: first come the states since then;
   *     0 for none: first comes how it is now
   * @param follower is called by this thread
   * @throws OperationException {@code NOT_FOUND}; {@code BAD_REQUEST} when no such event was told
   *     yet; {@code UNREACHABLE_HOST} when following broke off
   */
  void follow(String id, long after, MigrationFollower follower) throws OperationException;

  /** A migration that was started here, also after its end. */
  MigrationReport migration(String id) throws OperationException;

  /** All of them, the newest first. */
  List<MigrationReport> migrations() throws OperationException;

  /**
   * Asks a migration to stop; before the commit it is aborted, from then on {@code BUSY} is
   * answered, with the reason. If both come at the same time, how it ends tells which was first.
   */
  MigrationReport cancel(String id) throws OperationException;

  /**
   * Asks a running pre-copy to become a post-copy: the VM switches over soon, and what has not
   * moved yet follows.
   *
   * @throws OperationException NOT_FOUND; BUSY when it has stopped the VM already, or is over
   */
  MigrationReport postCopy(String id) throws OperationException;
}
