package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Virtual time. At every instant one thing runs: an event, or a {@link Task} that was given the
 * baton. What is due at the same time comes in an order that the seed decides, as everything else
 * that is left to chance.
 */
final class Schedule implements AutoCloseable {
  static final long MILLI = 1_000_000;
  static final long SECOND = 1000 * MILLI;

  private record Event(long at, int tie, long number, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::at)
              .thenComparingInt(Event::tie)
              .thenComparingLong(Event::number));
  private final List<Task> tasks = new ArrayList<>();
  private final SplittableRandom random;
  private final Trace trace;
  private long now;
  private long numbers;
  private Task current;

  Schedule(long seed, Trace trace) {
    this.random = new SplittableRandom(seed);
    this.trace = trace;
  }

  SplittableRandom random() {
    return random;
  }

  /** True once in so many times. */
  boolean oneIn(int times) {
    return times > 0 && random.nextInt(times) == 0;
  }

  long between(long least, long most) {
    return least >= most ? least : random.nextLong(least, most);
  }

  long nanos() {
    return now;
  }

  /** A line of the trace. */
  void note(String what) {
    trace.add(now, what);
  }

  void after(long nanos, Runnable action) {
    events.add(new Event(now + Math.max(0, nanos), random.nextInt(), numbers++, action));
  }

  /** Does something again and again for as long as the agent lives. */
  void each(long nanos, Life life, Runnable action) {
    after(
        nanos,
        () -> {
          if (!life.isOver()) {
            action.run();
            each(nanos, life, action);
          }
        });
  }

  /** Begins a task, soon. */
  void start(String name, Life life, Task.Body body) {
    Task task = new Task(this, name, life, body);
    tasks.add(task);
    after(0, task::resume);
  }

  /** The task that has the baton. */
  Task current() {
    if (current == null) {
      throw new IllegalStateException("only a task can wait");
    }
    return current;
  }

  void current(Task task) {
    current = task;
  }

  /** Unwinds the tasks of an agent that died, soon. */
  void unwind(Life life) {
    tasks.removeIf(Task::isOver);
    for (Task task : List.copyOf(tasks)) {
      if (task.life() == life) {
        after(0, task::resume);
      }
    }
  }

  /** Lets the next event happen; false when there is none. */
  boolean step() {
    Event event = events.poll();
    if (event == null) {
      return false;
    }
    now = event.at();
    event.action().run();
    return true;
  }

  /** Ends all tasks: their threads are real. */
  @Override
  public void close() {
    for (Task task : List.copyOf(tasks)) {
      task.life().end();
      while (!task.isOver()) {
        task.resumeToEnd();
      }
    }
  }
}
