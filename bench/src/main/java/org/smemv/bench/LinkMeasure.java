package org.smemv.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.lab.LabException;
import org.smemv.lab.LabHost;

/** Measures what links of a lab give to plain TCP, with nothing else on them. One thread. */
final class LinkMeasure implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int MILLIS = 3000;

  private final List<ChildJvm> servers = new ArrayList<>();
  private final List<String> addresses = new ArrayList<>();
  private final LabHost target;

  /**
   * Starts a server in each source.
   *
   * @param target where all streams end
   */
  LinkMeasure(LabHost target, List<LabHost> sources) {
    this.target = target;
    try {
      for (LabHost source : sources) {
        String address = source.plan().address();
        ChildJvm server = ChildJvm.start(source, LinkProbe.class, address);
        servers.add(server);
        addresses.add(address + ":" + server.line(PATIENCE));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Bytes a second of a stream from each source, all at once. */
  List<Double> bulk() {
    return measure(null, addresses).bulkBytesPerSecond();
  }

  /**
   * Exchanges of a page with the first source.
   *
   * @param full whether a bulk stream from the same source fills the link meanwhile
   */
  FaultReport.Latency pingPong(boolean full) {
    String first = addresses.getFirst();
    return measure(first, full ? List.of(first) : List.of()).pings();
  }

  private LinkProbeClient.Result measure(@Nullable String ping, List<String> bulk) {
    List<Object> arguments = new ArrayList<>(List.of(MILLIS, ping == null ? "-" : ping));
    arguments.addAll(bulk);
    try (ChildJvm client = ChildJvm.start(target, LinkProbeClient.class, arguments.toArray())) {
      String line = client.line(PATIENCE);
      return new ObjectMapper().readValue(line, LinkProbeClient.Result.class);
    } catch (JsonProcessingException e) {
      throw new LabException("the link's probe says nonsense", e);
    }
  }

  @Override
  public void close() {
    servers.forEach(ChildJvm::close);
  }
}
