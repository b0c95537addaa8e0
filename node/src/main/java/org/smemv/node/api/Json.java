package org.smemv.node.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;

/** How this project writes JSON, and how strictly it reads it. */
public final class Json {
  private static final int NESTING_MAX = 16;
  private static final int TEXT_CHARACTERS_MAX = 1 << 20;

  /**
   * A number that is left out is 0, which each record says what it means. Refuses unknown and
   * repeated fields, text for numbers, and anything after the end.
   */
  static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(NESTING_MAX)
                          .maxStringLength(TEXT_CHARACTERS_MAX)
                          .build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .build();

  private Json() {}

  /** One line. */
  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report that cannot be written: " + value, e);
    }
  }

  static byte[] bytes(Object value) {
    return write(value).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a value.
   *
   * @throws JsonProcessingException see {@link #reason} for a message that people understand
   */
  public static <T> T read(String json, Class<T> type) throws JsonProcessingException {
    T value = MAPPER.readValue(json, type);
    if (value == null) {
      throw new JsonMappingException(null, "an object is needed, not null");
    }
    return value;
  }

  /** What is wrong with a JSON text, without the names of classes. */
  public static String reason(Throwable e) {
    if (e instanceof UnrecognizedPropertyException unknown) {
      return "unknown field '" + unknown.getPropertyName() + "'";
    }
    Throwable cause = e.getCause();
    if (e instanceof JsonMappingException && cause != null) {
      return reason(cause);
    }
    if (e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
      return "field '"
          + mapping.getPath().getLast().getFieldName()
          + "' has a value of another type";
    }
    if (e instanceof JsonProcessingException malformed) {
      return malformed.getOriginalMessage();
    }
    return String.valueOf(e.getMessage());
  }
}
