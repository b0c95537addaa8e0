package org.smemv.lab.simulator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Runs seeds. */
final class Simulator {
  private Simulator() {}

  /**
   * How a run ended.
   *
   * @param violation null when all was as it must be
   */
  record Outcome(long seed, Violation violation, long hash, long lines, World.Tally tally) {}

  static Outcome run(long seed, Flaw flaw) {
    return run(seed, flaw, new Trace(false));
  }

  private static Outcome run(long seed, Flaw flaw, Trace trace) {
    return onVirtualThread(
        () -> {
          World world = new World(seed, flaw, trace);
          try (world) {
            world.run();
            return outcome(seed, null, world);
          } catch (Violation e) {
            trace.add(world.schedule().nanos(), "VIOLATION " + e.getMessage());
            return outcome(seed, e, world);
          } catch (RuntimeException e) {
            trace.add(world.schedule().nanos(), "BROKE " + e);
            return outcome(seed, new Violation("the simulation broke: " + e, e), world);
          }
        });
  }

  private static Outcome outcome(long seed, Violation violation, World world) {
    Trace trace = world.trace();
    return new Outcome(seed, violation, trace.hash(), trace.count(), world.tally());
  }

  /** Runs a seed again, and writes down what happened. */
  static void write(long seed, Flaw flaw, Path file) {
    Trace trace = new Trace(true);
    Outcome ignored = run(seed, flaw, trace);
    try {
      trace.write(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** The baton goes faster between threads of the same kind. */
  private static <T> T onVirtualThread(Callable<T> call) {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofVirtual().start(task);
    try {
      return task.get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
