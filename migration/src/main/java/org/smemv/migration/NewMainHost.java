package org.smemv.migration;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the new main host is asked from the commit on, when nothing but its answer decides: a
 * request that broke on the way, for want of memory, say, may have been heard there, and counts as
 * unanswered. The migration's thread.
 */
final class NewMainHost {
  private static final Logger log = LoggerFactory.getLogger(NewMainHost.class);

  private interface Request<T> {
    T ask() throws HostException;
  }

  private final MigrationPlan plan;
  private final Reservations hosts;

  NewMainHost(MigrationPlan plan, Reservations hosts) {
    this.plan = plan;
    this.hosts = hosts;
  }

  /** See {@link HostControl#commit}. */
  void commit() throws HostException {
    surely(
        () -> {
          hosts.main().commit(plan.vm(), plan.epoch());
          return true;
        });
  }

  /** See {@link HostControl#decided}. */
  boolean decided() throws HostException {
    return surely(() -> hosts.main().decided(plan.vm(), plan.epoch()));
  }

  /** See {@link HostControl#resume}. */
  void resume() throws HostException {
    surely(
        () -> {
          hosts.main().resume(plan.vm(), plan.epoch());
          return true;
        });
  }

  /** See {@link HostControl#toGather}. */
  BodySource.Unmoved toGather() throws HostException {
    return surely(() -> hosts.main().toGather(plan.vm(), plan.epoch()));
  }

  private <T> T surely(Request<T> request) throws HostException {
    try {
      return request.ask();
    } catch (RuntimeException | VirtualMachineError e) {
      log.error("VM {}: a request to its new main host {} broke", plan.name(), plan.main(), e);
      throw new HostException(HostException.Kind.UNREACHABLE, e.toString(), e);
    }
  }
}
