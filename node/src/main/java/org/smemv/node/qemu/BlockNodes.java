package org.smemv.node.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** Names of disks as a person knows them. */
final class BlockNodes {
  private BlockNodes() {}

  /** From the answer of {@code query-block}: node name to drive id. */
  static Map<String, String> drivesByNode(JsonNode blocks) {
    Map<String, String> drives = new HashMap<>();
    for (JsonNode block : blocks) {
      String node = block.path("inserted").path("node-name").asText("");
      String drive = block.path("device").asText("");
      if (!node.isEmpty() && !drive.isEmpty()) {
        drives.put(node, drive);
      }
    }
    return drives;
  }
}
