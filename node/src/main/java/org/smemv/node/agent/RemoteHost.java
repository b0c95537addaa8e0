package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostControl;
import org.smemv.migration.HostException;
import org.smemv.node.agent.HostRequest.Reply;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.Json;
import org.smemv.node.directory.Heartbeat;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageLinkException;

/** Another host's agent, asked over the data network. Safe for use by many threads. */
final class RemoteHost implements HostControl, AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration ANSWER = Duration.ofSeconds(5);

  /** Starting a QEMU takes seconds on a busy host. */
  private static final Duration PREPARE = Duration.ofSeconds(60);

  /** The host connects to another one before it answers. */
  private static final Duration CONNECTS = Duration.ofSeconds(15);

  /** The host asks the directory or all others, and tries more than one plan. */
  private static final Duration PLANS = Duration.ofSeconds(90);

  private final String name;
  private final InetSocketAddress address;
  private final String caller;
  private @Nullable PageLink link;
  private volatile boolean lacksRoom;

  RemoteHost(String name, InetSocketAddress address, String caller) {
    this.name = name;
    this.address = address;
    this.caller = caller;
  }

  @Override
  public String name() {
    return name;
  }

  InetSocketAddress address() {
    return address;
  }

  HostReport describe() throws HostException {
    HostReport report = ask(new HostRequest.Describe(), ANSWER).host();
    if (report == null) {
      throw new HostException(HostException.Kind.REFUSED, name + " did not describe itself");
    }
    requireItself(report);
    return report;
  }

  /** What it would tell a directory. */
  Heartbeat beat() throws HostException {
    Heartbeat beat = ask(new HostRequest.Beat(), ANSWER).beat();
    if (beat == null) {
      throw new HostException(HostException.Kind.REFUSED, name + " did not describe itself");
    }
    requireItself(beat.host());
    return beat;
  }

  private void requireItself(HostReport report) throws HostException {
    if (!report.name().equals(name)) {
      // It asks for its shares by its own name: under another one it would free them.
      throw new HostException(
          HostException.Kind.REFUSED,
          "the agent at "
              + address
              + " is host "
              + report.name()
              + ", not "
              + name
              + ": correct the hosts file, or its --name");
    }
  }

  @Override
  public void reserve(Reservation reservation) throws HostException {
    try {
      ask(new HostRequest.Reserve(reservation), ANSWER);
    } catch (HostException e) {
      lacksRoom = e.kind() == HostException.Kind.CAPACITY;
      throw e;
    }
  }

  /** Whether it had not the memory that was to be reserved. */
  boolean lacksRoom() {
    return lacksRoom;
  }

  @Override
  public void prepare(UUID vm, long epoch, String body, List<Share> shares) throws HostException {
    ask(new HostRequest.Prepare(vm, epoch, body, shares), PREPARE);
  }

  @Override
  public void expectRest(UUID vm, long epoch, Share rest) throws HostException {
    ask(new HostRequest.ExpectRest(vm, epoch, rest), CONNECTS);
  }

  @Override
  public void keep(UUID vm, long epoch) throws HostException {
    ask(new HostRequest.Keep(vm, epoch), ANSWER);
  }

  @Override
  public void mayMove(UUID vm, long epoch, String mainHost) throws HostException {
    ask(new HostRequest.MayMove(vm, epoch, mainHost), ANSWER);
  }

  @Override
  public void adopt(UUID vm, long epoch, String mainHost) throws HostException {
    ask(new HostRequest.Adopt(vm, epoch, mainHost), ANSWER);
  }

  @Override
  public void resize(UUID vm, long epoch, long bytes) throws HostException {
    try {
      ask(new HostRequest.Resize(vm, epoch, bytes, false), ANSWER);
    } catch (HostException e) {
      lacksRoom = e.kind() == HostException.Kind.CAPACITY;
      throw e;
    }
  }

  @Override
  public void undoResize(UUID vm, long epoch, long bytes) throws HostException {
    ask(new HostRequest.Resize(vm, epoch, bytes, true), ANSWER);
  }

  @Override
  public BodySource.Unmoved toGather(UUID vm, long epoch) throws HostException {
    BodySource.Unmoved unmoved = ask(new HostRequest.ToGather(vm, epoch), ANSWER).unmoved();
    if (unmoved == null) {
      throw new HostException(
          HostException.Kind.UNREACHABLE, "host " + name + " does not say what is still to come");
    }
    return unmoved;
  }

  @Override
  public void commit(UUID vm, long epoch) throws HostException {
    ask(new HostRequest.Commit(vm, epoch), ANSWER);
  }

  @Override
  public boolean decided(UUID vm, long epoch) throws HostException {
    return ask(new HostRequest.Decided(vm, epoch), ANSWER).decided();
  }

  boolean holds(UUID vm) throws HostException {
    return ask(new HostRequest.Holds(vm), ANSWER).decided();
  }

  /** Whether the VM there still needs the share that this host has of it. */
  boolean needs(UUID vm) throws HostException {
    return ask(new HostRequest.Needs(vm, caller), ANSWER).decided();
  }

  /**
   * Has the VM there move the share that this host has of it.
   *
   * @param linkPart of this host's link that it may use when it is to leave fast; else 0
   */
  HostRequest.ShareMove moveShare(UUID vm, double linkPart) throws HostException {
    return shareMove(new HostRequest.MoveShare(vm, caller, true, linkPart), PLANS);
  }

  /** How far the move of the share is that this host has of the VM there. */
  HostRequest.ShareMove shareMove(UUID vm) throws HostException {
    return shareMove(new HostRequest.MoveShare(vm, caller, false, 0), ANSWER);
  }

  private HostRequest.ShareMove shareMove(HostRequest.MoveShare request, Duration patience)
      throws HostException {
    HostRequest.ShareMove move = ask(request, patience).share();
    if (move == null) {
      throw new HostException(
          HostException.Kind.REFUSED, "host " + name + " did not say how far the share is");
    }
    return move;
  }

  @Override
  public void resume(UUID vm, long epoch) throws HostException {
    ask(new HostRequest.Resume(vm, epoch), ANSWER);
  }

  @Override
  public void turnBack(UUID vm, long epoch) throws HostException {
    ask(new HostRequest.TurnBack(vm, epoch), Duration.ofSeconds(20));
  }

  @Override
  public void release(UUID vm, long epoch) throws HostException {
    ask(new HostRequest.Release(vm, epoch), Duration.ofSeconds(20));
  }

  private synchronized Reply ask(HostRequest request, Duration timeout) throws HostException {
    Reply reply;
    try {
      byte[] answer = connected().control(encode(request), timeout);
      reply = Json.read(new String(answer, StandardCharsets.UTF_8), Reply.class);
    } catch (PageLinkException e) {
      close();
      throw new HostException(
          HostException.Kind.UNREACHABLE, "host " + name + ": " + e.getMessage(), e);
    } catch (IOException e) {
      close();
      throw new HostException(
          HostException.Kind.UNREACHABLE,
          "host " + name + " answers nonsense: " + e.getMessage(),
          e);
    }
    HostException.Kind refused = reply.refused();
    if (refused != null) {
      throw new HostException(refused, "host " + name + ": " + reply.message());
    }
    return reply;
  }

  private static byte[] encode(HostRequest request) {
    return Json.write(request).getBytes(StandardCharsets.UTF_8);
  }

  private PageLink connected() {
    PageLink open = link;
    if (open == null) {
      open = PageLink.open(LinkTarget.control(address, caller, CONNECT));
      link = open;
    }
    return open;
  }

  @Override
  public synchronized void close() {
    if (link != null) {
      link.close();
      link = null;
    }
  }
}
