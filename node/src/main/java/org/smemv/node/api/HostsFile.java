package org.smemv.node.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.Name;

/**
 * The list of all hosts, a JSON file that agents and the command read: {@code
 * [{"name":"h1","api":"unix:/run/smemv/h1/api.sock","data":"10.77.0.1:7400"}]}, or, where there is
 * a directory, {@code {"directory":"unix:/run/smemv/directory/api.sock","hosts":[...]}}.
 *
 * @param file where it was read
 * @param hosts in the order of the file; names are unique
 * @param directory where the directory's API is; null when the file names none
 */
public record HostsFile(Path file, List<HostEntry> hosts, @Nullable ApiAddress directory) {
  /** Where it is unless an option or {@code SMEMV_HOSTS} says otherwise. */
  public static final Path DEFAULT = Path.of("/run/smemv/hosts.json");

  private static final Set<String> FIELDS = Set.of("name", "api", "data");
  private static final long FILE_BYTES_MAX = 1 << 20;

  public HostsFile {
    hosts = List.copyOf(hosts);
  }

  /**
   * Reads and checks the file.
   *
   * @throws IOException naming the file, the entry and what is wrong with it
   */
  public static HostsFile read(Path file) throws IOException {
    if (!Files.isReadable(file)) {
      throw new IOException(
          "hosts file "
              + file
              + " is not there or cannot be read; give --hosts-file or set SMEMV_HOSTS");
    }
    if (Files.size(file) > FILE_BYTES_MAX) {
      throw new IOException("hosts file " + file + " has more than " + FILE_BYTES_MAX + " bytes");
    }
    try {
      JsonNode root = Json.MAPPER.readTree(Files.readAllBytes(file));
      return root.isObject()
          ? new HostsFile(file, entries(root.path("hosts")), directory(root))
          : new HostsFile(file, entries(root), null);
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException("hosts file " + file + ": " + Json.reason(e), e);
    }
  }

  /** The entry of a host. */
  public Optional<HostEntry> host(String name) {
    return hosts.stream().filter(host -> host.name().equals(name)).findFirst();
  }

  private static @Nullable ApiAddress directory(JsonNode root) {
    for (String field : (Iterable<String>) root::fieldNames) {
      if (!field.equals("hosts") && !field.equals("directory")) {
        throw new IllegalArgumentException("unknown field " + field);
      }
    }
    JsonNode directory = root.path("directory");
    return directory.isMissingNode() ? null : ApiAddress.parse("directory", directory.asText(""));
  }

  private static List<HostEntry> entries(JsonNode root) {
    if (!root.isArray()) {
      throw new IllegalArgumentException("a JSON list of hosts is needed");
    }
    List<HostEntry> hosts = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (JsonNode node : root) {
      HostEntry entry = entry(node);
      if (!names.add(entry.name())) {
        throw new IllegalArgumentException("host " + entry.name() + " is listed twice");
      }
      hosts.add(entry);
    }
    return hosts;
  }

  private static HostEntry entry(JsonNode node) {
    String name = Name.require("host name", node.path("name").asText(""));
    node.fieldNames()
        .forEachRemaining(
            field -> {
              if (!FIELDS.contains(field)) {
                throw new IllegalArgumentException("host " + name + ": unknown field " + field);
              }
            });
    ApiAddress api = ApiAddress.parse("host " + name + ": api", node.path("api").asText(""));
    return new HostEntry(name, api, address("host " + name, node.path("data").asText("")));
  }

  /**
   * Reads {@code IP:PORT} or {@code [IP]:PORT} without asking a name service.
   *
   * @param whose for the error message
   */
  public static InetSocketAddress address(String whose, String text) {
    int colon = text.lastIndexOf(':');
    String ip = colon < 0 ? "" : text.substring(0, colon);
    if (ip.startsWith("[") && ip.endsWith("]")) {
      ip = ip.substring(1, ip.length() - 1);
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port >= 1 && port <= 0xFFFF && !ip.isEmpty()) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
      }
    } catch (IllegalArgumentException e) {
      throw notAnAddress(whose, text, e);
    }
    throw notAnAddress(whose, text, null);
  }

  private static IllegalArgumentException notAnAddress(
      String whose, String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        whose + ": data address '" + text + "' must be an IP address and a port, 10.77.0.1:7400",
        cause);
  }
}
