package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.HostException;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.HostEntry;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.Json;
import org.smemv.node.api.OperationException;
import org.smemv.node.directory.AskedHosts;
import org.smemv.node.directory.Heartbeat;
import org.smemv.node.directory.PlanAnswer;
import org.smemv.node.directory.PlanQuestion;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageLinkException;

/**
 * Asks the directory where there is room; without one, or while it is away, the hosts of the hosts
 * file themselves, for which the same planner then decides here.
 */
final class FleetPlaces implements Places {
  private static final Logger log = LoggerFactory.getLogger(FleetPlaces.class);
  private static final Duration CONNECT = Duration.ofSeconds(3);

  /** The directory may wait for fresh figures of all hosts first. */
  private static final Duration ANSWER = Duration.ofSeconds(15);

  private final String host;
  private final Path hostsFile;
  private final @Nullable InetSocketAddress directory;
  private final Heartbeats.Source own;

  /**
   * @param directory its data port; null when there is none
   * @param own what this host would tell the directory
   */
  FleetPlaces(
      String host, Path hostsFile, @Nullable InetSocketAddress directory, Heartbeats.Source own) {
    this.host = host;
    this.hostsFile = hostsFile;
    this.directory = directory;
    this.own = own;
  }

  @Override
  public DirectoryPlan find(PlanQuestion question) throws OperationException {
    InetSocketAddress at = directory;
    if (at != null) {
      try {
        return ask(at, question).orRefusal();
      } catch (PageLinkException | IOException e) {
        log.warn("the directory gives no plan, the hosts themselves are asked: {}", e.getMessage());
      }
    }
    return AskedHosts.plan(heard(), question);
  }

  private PlanAnswer ask(InetSocketAddress at, PlanQuestion question) throws IOException {
    byte[] text = Json.write(question).getBytes(StandardCharsets.UTF_8);
    try (PageLink link = PageLink.open(LinkTarget.control(at, host, CONNECT))) {
      byte[] answer = link.control(text, ANSWER);
      return Json.read(new String(answer, StandardCharsets.UTF_8), PlanAnswer.class);
    }
  }

  /** What all hosts of the hosts file that answer say of themselves, this one among them. */
  private List<Heartbeat> heard() throws OperationException {
    List<HostEntry> entries = entries();
    List<Heartbeat> beats = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<@Nullable Heartbeat>> asked = new ArrayList<>();
      for (HostEntry entry : entries) {
        asked.add(threads.submit(() -> heard(entry)));
      }
      for (Future<@Nullable Heartbeat> one : asked) {
        Heartbeat beat = one.get();
        if (beat != null) {
          beats.add(beat);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException(ErrorCode.FAILED, "interrupted", e);
    } catch (ExecutionException e) {
      throw new OperationException(ErrorCode.INTERNAL, String.valueOf(e.getCause()), e);
    }
    return beats;
  }

  private List<HostEntry> entries() throws OperationException {
    try {
      return HostsFile.read(hostsFile).hosts();
    } catch (IOException e) {
      throw new OperationException(ErrorCode.FAILED, String.valueOf(e.getMessage()), e);
    }
  }

  /** Null when it does not answer, or with nonsense. */
  private @Nullable Heartbeat heard(HostEntry entry) {
    try {
      if (entry.name().equals(host)) {
        return own.next(entry.data(), 1);
      }
      try (RemoteHost other = new RemoteHost(entry.name(), entry.data(), host)) {
        return other.beat();
      }
    } catch (HostException | IOException | IllegalArgumentException e) {
      log.info("not asked for room: {}", e.getMessage());
      return null;
    }
  }
}
