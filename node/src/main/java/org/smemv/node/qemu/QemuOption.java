package org.smemv.node.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One option of a QEMU command line, taken apart.
 *
 * @param name with one leading dash: {@code -device}
 * @param value as written, empty when the option has none
 * @param properties {@code key=value} pairs; the part without a key is under {@code ""}; JSON
 *     values are flattened with dots
 */
record QemuOption(String name, String value, Map<String, String> properties) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Takes a command line apart; a word that follows no option is an option without a name. */
  static List<QemuOption> parse(List<String> arguments) {
    List<QemuOption> options = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String word = arguments.get(i);
      if (!word.startsWith("-")) {
        options.add(new QemuOption("", word, Map.of("", word)));
        continue;
      }
      String name = word.startsWith("--") ? word.substring(1) : word;
      boolean hasValue = i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("-");
      String value = hasValue ? arguments.get(++i) : "";
      options.add(new QemuOption(name, value, properties(value)));
    }
    return options;
  }

  /** The named property or an empty string. */
  String get(String key) {
    return properties.getOrDefault(key, "");
  }

  /** All values of the property, its own and those of what is nested in it. */
  List<String> values(String key) {
    List<String> values = new ArrayList<>();
    properties.forEach(
        (name, value) -> {
          if (name.equals(key) || name.endsWith("." + key)) {
            values.add(value);
          }
        });
    return values;
  }

  /** The kind of a device, object, network back end or character device. */
  String type() {
    for (String key : List.of("", "driver", "qom-type", "type", "backend")) {
      String type = get(key);
      if (!type.isEmpty()) {
        return type;
      }
    }
    return "";
  }

  @Override
  public String toString() {
    return value.isEmpty() ? name : name + " " + value;
  }

  private static Map<String, String> properties(String value) {
    if (value.startsWith("{")) {
      try {
        Map<String, String> flat = new LinkedHashMap<>();
        flatten("", MAPPER.readTree(value), flat);
        return flat;
      } catch (JsonProcessingException e) {
        return Map.of("", value);
      }
    }
    return keyValues(value);
  }

  private static Map<String, String> keyValues(String value) {
    Map<String, String> properties = new LinkedHashMap<>();
    // Doubled commas are part of a value.
    for (String part : value.replace(",,", "\0").split(",", -1)) {
      String whole = part.replace("\0", ",");
      int equals = whole.indexOf('=');
      if (equals < 0) {
        properties.putIfAbsent("", whole);
      } else {
        properties.put(whole.substring(0, equals), whole.substring(equals + 1));
      }
    }
    return properties;
  }

  private static void flatten(String prefix, JsonNode node, Map<String, String> flat) {
    if (!node.isObject()) {
      String text = node.isBoolean() ? (node.asBoolean() ? "on" : "off") : node.asText();
      flat.put(prefix, text);
      return;
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      String key = prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey();
      flatten(key, field.getValue(), flat);
    }
  }
}
