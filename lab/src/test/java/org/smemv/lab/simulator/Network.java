package org.smemv.lab.simulator;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.smemv.migration.HostException;

/**
 * What lies between hosts. A question may be late, lost or asked twice, and so may its answer be; a
 * link may be cut. Whoever asks learns within his time-out that there is no answer, and not whether
 * it was done. Questions overtake each other, but for those of one {@link Link}.
 */
final class Network {
  /** What a host does about a question; it answers now or later. */
  interface Request<T> {
    void handle(Agent agent, Call<T> answer) throws HostException;
  }

  /** As {@link Request}, answered at once. */
  interface Question<T> {
    T answer(Agent agent) throws HostException;
  }

  private final Schedule schedule;
  private final Hazards hazards;
  private final Map<String, Machine> machines = new LinkedHashMap<>();
  private final Set<String> cuts = new TreeSet<>();

  Network(Schedule schedule, Hazards hazards) {
    this.schedule = schedule;
    this.hazards = hazards;
  }

  void add(Machine machine) {
    machines.put(machine.name(), machine);
  }

  Map<String, Machine> machines() {
    return machines;
  }

  Machine machine(String name) {
    return machines.get(name);
  }

  private static String pair(String a, String b) {
    return a.compareTo(b) < 0 ? a + "-" + b : b + "-" + a;
  }

  void cut(String a, String b) {
    schedule.note("cut " + pair(a, b));
    cuts.add(pair(a, b));
  }

  void mend(String a, String b) {
    if (cuts.remove(pair(a, b))) {
      schedule.note("mended " + pair(a, b));
    }
  }

  void mendAll() {
    cuts.clear();
  }

  boolean isCut(String a, String b) {
    return cuts.contains(pair(a, b));
  }

  <T> Call<T> ask(Agent from, String to, String what, long timeout, Question<T> question) {
    return send(
        from, to, what, timeout, null, (agent, answer) -> answer.done(question.answer(agent)));
  }

  /**
   * Sends a question on its way.
   *
   * @param link the connection that it is part of; null for one of its own
   */
  <T> Call<T> send(
      Agent from, String to, String what, long timeout, Link link, Request<T> request) {
    from.life().check();
    var call = new Call<T>(schedule);
    var way = new Way(from, machines.get(to), from.name() + ">" + to + " " + what, timeout, link);
    schedule.note(way.what());
    long delay = hazards.delay(link != null);
    if (link != null) {
      delay = link.inOrder(schedule.nanos() + delay) - schedule.nanos();
    }
    Agent expected = way.to().agent();
    if (hazards.isLost()) {
      failLater(call, way, "lost");
    } else {
      schedule.after(delay, () -> arrive(call, way, expected, request));
    }
    if (link == null && hazards.isDoubled()) {
      long again = delay + hazards.doubledAfter();
      schedule.after(again, () -> arrive(new Call<>(schedule), way, expected, request));
    }
    return call;
  }

  private record Way(Agent from, Machine to, String what, long timeout, Link link) {
    boolean isOpen() {
      return link == null || link.isOpen();
    }
  }

  private <T> void arrive(Call<T> call, Way way, Agent expected, Request<T> request) {
    if (call.isCancelled()) {
      return;
    }
    if (isCut(way.from().name(), way.to().name()) || way.to().isLost()) {
      failLater(call, way, "no answer");
      return;
    }
    if (expected == null || expected.life().isOver() || way.to().agent() != expected) {
      fail(call, way, hazards.delay(true), "nobody listens");
      return;
    }
    var answer = new Call<T>(schedule);
    answer.whenDone(() -> goBack(call, way, answer));
    try {
      request.handle(expected, answer);
      if (way.link() == null && !answer.isDone()) {
        failLater(call, way, "no answer"); // who is to answer may die first
      }
    } catch (HostException e) {
      answer.fail(e);
    } catch (Life.AgentDied e) {
      failLater(call, way, "the agent died over it");
    }
  }

  private <T> void goBack(Call<T> call, Way way, Call<T> answer) {
    boolean cut = isCut(way.from().name(), way.to().name());
    if (cut || hazards.isLost() || way.to().isLost()) {
      failLater(call, way, "no answer");
      return;
    }
    schedule.after(
        hazards.delay(way.link() != null),
        () -> {
          if (answer.failure() == null) {
            call.done(answer.value());
          } else {
            schedule.note(way.what() + ": " + answer.failure().getMessage());
            HostException.Kind kind = answer.failure().kind();
            call.fail(new HostException(kind, way.what() + ": " + answer.failure().getMessage()));
          }
        });
  }

  private <T> void failLater(Call<T> call, Way way, String why) {
    fail(call, way, way.timeout(), why);
  }

  private <T> void fail(Call<T> call, Way way, long delay, String why) {
    schedule.after(
        delay,
        () -> {
          if (call.isDone()) {
            return;
          }
          schedule.note(way.what() + ": " + why);
          if (way.link() != null) {
            way.link().close();
          }
          call.fail(new HostException(HostException.Kind.UNREACHABLE, way.what() + ": " + why));
        });
  }
}
