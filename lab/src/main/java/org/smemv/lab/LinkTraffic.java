package org.smemv.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a network card has carried, as the kernel counts it (proc(5), net/dev): bytes of Ethernet
 * frames, of which a large one that the card would cut up counts its headers once.
 *
 * @param sentBytes by the host
 * @param receivedBytes by the host
 */
public record LinkTraffic(long sentBytes, long receivedBytes) {
  private static final int RECEIVED = 0;
  private static final int SENT = 8;

  /** What was carried since an earlier look at the same card. */
  public LinkTraffic since(LinkTraffic before) {
    return new LinkTraffic(sentBytes - before.sentBytes, receivedBytes - before.receivedBytes);
  }

  /**
   * Of a card in the network of a process.
   *
   * @param pids of which one that still runs is asked
   * @throws LabException when none runs, or its network has no such card
   */
  static LinkTraffic of(List<Long> pids, String device) {
    return pids.stream()
        .map(LinkTraffic::table)
        .flatMap(Optional::stream)
        .findFirst()
        .map(text -> parse(text, device))
        .orElseThrow(
            () ->
                new LabException(
                    "no process runs where the traffic of " + device + " is asked for"));
  }

  private static Optional<String> table(long pid) {
    try {
      return Optional.of(Files.readString(Path.of("/proc", Long.toString(pid), "net/dev")));
    } catch (IOException ended) {
      return Optional.empty();
    }
  }

  static LinkTraffic parse(String text, String device) {
    String[] fields =
        text.lines()
            .map(String::strip)
            .filter(line -> line.startsWith(device + ":"))
            .map(line -> line.substring(device.length() + 1).strip().split(" +", -1))
            .findFirst()
            .orElseThrow(() -> new LabException("there is no network card " + device));
    return new LinkTraffic(Long.parseLong(fields[SENT]), Long.parseLong(fields[RECEIVED]));
  }
}
