package org.smemv.node.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Checks values against the part of JSON Schema that {@code openapi.json} uses. A schema that uses
 * anything else is an error, so that nothing is written there that is not checked.
 */
final class JsonSchema {
  private static final Set<String> KEYWORDS =
      Set.of(
          "$ref",
          "type",
          "description",
          "properties",
          "required",
          "additionalProperties",
          "items",
          "enum",
          "oneOf",
          "minimum",
          "maximum",
          "pattern");

  private final JsonNode document;

  /**
   * @param document what references point into
   */
  JsonSchema(JsonNode document) {
    this.document = document;
  }

  /** What is wrong with a value, each with its place; empty when it fits. */
  List<String> problems(JsonNode schema, JsonNode value) {
    List<String> problems = new ArrayList<>();
    check(schema, value, "$", problems);
    return problems;
  }

  /** The schema that a reference means, or the schema itself. */
  JsonNode resolve(JsonNode schema) {
    JsonNode reference = schema.path("$ref");
    if (reference.isMissingNode()) {
      return schema;
    }
    JsonNode target = document.at(reference.asText().substring(1));
    if (target.isMissingNode()) {
      throw new IllegalStateException("nothing is at " + reference);
    }
    return target;
  }

  private void check(JsonNode given, JsonNode value, String at, List<String> problems) {
    JsonNode schema = resolve(given);
    for (Map.Entry<String, JsonNode> keyword : schema.properties()) {
      if (!KEYWORDS.contains(keyword.getKey())) {
        throw new IllegalStateException("keyword " + keyword.getKey() + " is not checked here");
      }
    }
    if (schema.has("oneOf")) {
      oneOf(schema.get("oneOf"), value, at, problems);
      return;
    }
    if (schema.has("type") && !isOfType(schema.get("type"), value)) {
      problems.add(at + " is no " + schema.get("type") + ": " + value);
      return;
    }
    if (schema.has("enum") && !contains(schema.get("enum"), value)) {
      problems.add(at + " is none of " + schema.get("enum") + ": " + value);
    }
    if (value.isObject()) {
      object(schema, value, at, problems);
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        check(schema.get("items"), value.get(i), at + "[" + i + "]", problems);
      }
    } else {
      scalar(schema, value, at, problems);
    }
  }

  private void oneOf(JsonNode choices, JsonNode value, String at, List<String> problems) {
    int fits = 0;
    List<String> why = new ArrayList<>();
    for (JsonNode choice : choices) {
      List<String> found = new ArrayList<>();
      check(choice, value, at, found);
      fits += found.isEmpty() ? 1 : 0;
      why.addAll(found);
    }
    if (fits != 1) {
      problems.add(at + " fits " + fits + " schemas: " + why);
    }
  }

  private static boolean isOfType(JsonNode type, JsonNode value) {
    if (type.isArray()) {
      return contains(type, value, JsonSchema::isOfType);
    }
    return switch (type.asText()) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      default -> throw new IllegalStateException("type " + type);
    };
  }

  private static boolean contains(JsonNode list, JsonNode value) {
    return contains(list, value, JsonNode::equals);
  }

  private static boolean contains(
      JsonNode list, JsonNode value, java.util.function.BiPredicate<JsonNode, JsonNode> fits) {
    for (JsonNode each : list) {
      if (fits.test(each, value)) {
        return true;
      }
    }
    return false;
  }

  private void object(JsonNode schema, JsonNode value, String at, List<String> problems) {
    JsonNode properties = schema.path("properties");
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.asText())) {
        problems.add(at + " lacks " + name);
      }
    }
    boolean closed = schema.has("additionalProperties");
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      if (properties.has(field.getKey())) {
        String place = at + "." + field.getKey();
        check(properties.get(field.getKey()), field.getValue(), place, problems);
      } else if (closed) {
        problems.add(at + " has the undocumented field " + field.getKey());
      }
    }
  }

  private static void scalar(JsonNode schema, JsonNode value, String at, List<String> problems) {
    if (schema.has("minimum") && value.asDouble() < schema.get("minimum").asDouble()) {
      problems.add(at + " is too small: " + value);
    }
    if (schema.has("maximum") && value.asDouble() > schema.get("maximum").asDouble()) {
      problems.add(at + " is too large: " + value);
    }
    if (schema.has("pattern")
        && value.isTextual()
        && !Pattern.compile(schema.get("pattern").asText()).matcher(value.asText()).find()) {
      problems.add(at + " does not match " + schema.get("pattern") + ": " + value);
    }
  }
}
