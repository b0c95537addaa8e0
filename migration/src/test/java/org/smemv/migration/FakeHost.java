package org.smemv.migration;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A host that does what it is asked, except where a test says otherwise; writes down every request.
 */
final class FakeHost implements HostControl {
  final String name;
  final List<String> asked = new ArrayList<>();
  String failsAt = "";
  HostException.Kind how = HostException.Kind.REFUSED;
  int failures = Integer.MAX_VALUE;
  String breaksAt = "";
  final Deque<Long> toGather = new ArrayDeque<>();
  @Nullable String whyNotGathered;
  boolean committed;
  boolean reserved;
  boolean running;
  Reservation reservation;

  FakeHost(String name) {
    this.name = name;
  }

  void failAt(String request, HostException.Kind kind, int times) {
    failsAt = request;
    how = kind;
    failures = times;
  }

  private void ask(String request) throws HostException {
    asked.add(request);
    if (request.equals(breaksAt)) {
      breaksAt = "";
      throw new IllegalStateException(name + " broke at " + request);
    }
    if (request.equals(failsAt) && failures-- > 0) {
      throw new HostException(how, name + " failed to " + request);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void reserve(Reservation reservation) throws HostException {
    this.reservation = reservation;
    ask("reserve");
    reserved = true;
  }

  @Override
  public void prepare(UUID vm, long epoch, String body, List<Share> shares) throws HostException {
    ask("prepare");
  }

  @Override
  public void expectRest(UUID vm, long epoch, Share rest) throws HostException {
    ask("expectRest " + rest.host() + " as " + rest.index());
  }

  @Override
  public void mayMove(UUID vm, long epoch, String mainHost) throws HostException {
    ask("mayMove " + mainHost);
  }

  @Override
  public void adopt(UUID vm, long epoch, String mainHost) throws HostException {
    ask("adopt " + mainHost);
  }

  @Override
  public void keep(UUID vm, long epoch) throws HostException {
    ask("keep");
  }

  @Override
  public void resize(UUID vm, long epoch, long bytes) throws HostException {
    ask("resize");
  }

  @Override
  public void undoResize(UUID vm, long epoch, long bytes) throws HostException {
    ask("undoResize");
  }

  @Override
  public BodySource.Unmoved toGather(UUID vm, long epoch) throws HostException {
    ask("toGather");
    return new BodySource.Unmoved(toGather.isEmpty() ? 0 : toGather.removeFirst(), whyNotGathered);
  }

  @Override
  public void commit(UUID vm, long epoch) throws HostException {
    ask("commit");
    committed = true;
  }

  @Override
  public boolean decided(UUID vm, long epoch) throws HostException {
    ask("decided");
    return committed;
  }

  @Override
  public void resume(UUID vm, long epoch) throws HostException {
    ask("resume");
    running = true;
  }

  @Override
  public void turnBack(UUID vm, long epoch) throws HostException {
    ask("turnBack");
    reserved = false;
  }

  @Override
  public void release(UUID vm, long epoch) throws HostException {
    asked.add("release");
    reserved = false;
    if (how == HostException.Kind.UNREACHABLE) {
      throw new HostException(how, name + " cannot be reached");
    }
  }
}
