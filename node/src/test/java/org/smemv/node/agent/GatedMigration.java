package org.smemv.node.agent;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostControl;
import org.smemv.migration.Migration;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationPlan.Staying;

/** A real migration between hosts that are not there; it stands still in one step until told. */
final class GatedMigration {
  private static final long MIB = 1L << 20;

  final Queue<String> calls = new ConcurrentLinkedQueue<>();
  volatile long sentBytes;
  volatile long toGather;
  private final String gateAt;
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);
  private final Migration migration;

  /**
   * @param gateAt the method of {@link HostControl} or {@link BodySource} that does not return
   */
  GatedMigration(String gateAt) {
    this(gateAt, "h2", List.of());
  }

  /** The VM is at h1: with that as its main host it stays. */
  GatedMigration(String gateAt, String mainHost) {
    this(gateAt, mainHost, List.of());
  }

  private GatedMigration(String gateAt, String mainHost, List<Staying> leaving) {
    this.gateAt = gateAt;
    HostControl host = proxy(HostControl.class);
    migration =
        new Migration(
            plan(mainHost, leaving),
            mainHost.equals("h1") ? null : host,
            Map.of("h3", host),
            proxy(BodySource.class),
            "body",
            new RealClock());
  }

  /** One of a VM that leaves sub-host h3; it settles until there is nothing to gather any more. */
  static GatedMigration leaving() {
    return new GatedMigration(
        "", "h2", List.of(new Staying(0, new HostControl.Share(0, "h3", MIB, true))));
  }

  private static final class RealClock implements Migration.Clock {
    @Override
    public long nanos() {
      return System.nanoTime();
    }

    @Override
    public void sleep(long millis) throws InterruptedException {
      Thread.sleep(millis);
    }
  }

  private static MigrationPlan plan(String mainHost, List<Staying> leaving) {
    return new MigrationPlan(
        new UUID(1, 2),
        "vm1",
        2,
        MIB,
        "h1",
        mainHost,
        MIB,
        List.of(),
        List.of(),
        leaving,
        new MigrationPlan.Limits(
            MigrationPlan.Mode.PRECOPY, 300, 0, 0, MigrationPlan.OnTimeout.ABORT));
  }

  private <T> T proxy(Class<T> type) {
    InvocationHandler handler =
        (self, method, arguments) -> {
          calls.add(method.getName());
          if (method.getName().equals(gateAt)) {
            pass(arguments == null ? new Object[0] : arguments);
          }
          return answer(method.getName());
        };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  /** What copies ends early when it is told that it is enough. */
  private void pass(Object[] arguments) throws InterruptedException {
    reached.countDown();
    BooleanSupplier enough = () -> false;
    for (Object argument : arguments) {
      enough = argument instanceof BooleanSupplier given ? given : enough;
    }
    while (gate.getCount() > 0 && !enough.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  private Object answer(String method) {
    return switch (method) {
      case "pagesEpoch" -> 1L;
      case "unmoved" -> new BodySource.Unmoved(0, null);
      case "progress" -> new BodySource.Progress(256, 0, 0, sentBytes, 100, List.of());
      case "copy" -> new BodySource.Round(MIB, 1_000_000, 0, 0, 0);
      case "copyLast", "sendBody" -> gate.getCount() == 0 || !gateAt.equals(method);
      case "pause" -> System.nanoTime();
      case "decided" -> true;
      case "toGather" -> new BodySource.Unmoved(toGather, null);
      case "name" -> "h2";
      default -> null;
    };
  }

  Migration migration() {
    return migration;
  }

  /** Runs it, on a thread of its own. */
  Thread start() {
    return Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                migration.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  /** Waits until it stands in the step. */
  void awaitStep() throws InterruptedException {
    reached.await();
  }

  /** Lets it go on. */
  void open() {
    gate.countDown();
  }
}
