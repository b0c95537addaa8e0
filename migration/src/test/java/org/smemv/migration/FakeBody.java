package org.smemv.migration;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A VM whose rounds are given by the test. */
final class FakeBody implements BodySource {
  final List<String> asked = new ArrayList<>();
  final Deque<Round> rounds = new ArrayDeque<>();
  final Deque<Unmoved> unmoved = new ArrayDeque<>();
  String failsAt = "";
  Consumer<BooleanSupplier> duringBegin = enough -> {};
  Consumer<BooleanSupplier> duringCopy = enough -> {};
  Consumer<BooleanSupplier> duringLast = enough -> {};
  Consumer<BooleanSupplier> duringBody = enough -> {};
  boolean running = true;
  boolean retired;

  private void ask(String step) throws HostException {
    asked.add(step);
    if (step.equals(failsAt)) {
      throw new HostException(HostException.Kind.REFUSED, "the source failed to " + step);
    }
  }

  @Override
  public void watch() {
    // Nothing is written here but what a round says.
  }

  @Override
  public void begin(BooleanSupplier enough) throws HostException {
    ask("begin");
    duringBegin.accept(enough);
  }

  @Override
  public Round copy(BooleanSupplier enough) throws HostException {
    ask("copy");
    duringCopy.accept(enough);
    return rounds.size() > 1 ? rounds.removeFirst() : rounds.getFirst();
  }

  @Override
  public void offerRest() throws HostException {
    ask("offerRest");
  }

  @Override
  public void leaveRest(int indexThere) throws HostException {
    ask("leaveRest " + indexThere);
  }

  @Override
  public long pause() throws HostException {
    ask("pause");
    running = false;
    return 0;
  }

  @Override
  public boolean copyLast(BooleanSupplier enough) throws HostException {
    ask("copyLast");
    duringLast.accept(enough);
    return !enough.getAsBoolean();
  }

  @Override
  public boolean sendBody(BooleanSupplier enough) throws HostException {
    ask("sendBody");
    duringBody.accept(enough);
    return !enough.getAsBoolean();
  }

  @Override
  public void giveUp() {
    asked.add("giveUp");
    running = true;
  }

  @Override
  public void aboutToCommit(String mainHost, long epoch) throws HostException {
    ask("aboutToCommit");
  }

  @Override
  public void retire() {
    asked.add("retire");
    retired = true;
  }

  @Override
  public long pagesEpoch() {
    return 1;
  }

  @Override
  public void rearrange(MigrationPlan plan) throws HostException {
    ask("rearrange");
  }

  @Override
  public Unmoved unmoved() {
    if (failsAt.equals("unmoved")) {
      failsAt = "";
      throw new IllegalStateException("it broke");
    }
    return unmoved.isEmpty() ? new Unmoved(0, null) : unmoved.removeFirst();
  }

  @Override
  public Progress progress() {
    return new Progress(1000, 0, 0, 0, 0, List.of());
  }
}
