package org.smemv.placement;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a VM or a host may be called: names become parts of paths and of messages. */
public final class Name {
  private static final Pattern PATTERN = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}");

  private Name() {}

  /**
   * Returns the name, which may come from a person, a file or a peer.
   *
   * @param of what is called that, for the message
   * @throws IllegalArgumentException naming it and what is possible
   */
  public static String require(String of, @Nullable String value) {
    if (value == null || !PATTERN.matcher(value).matches()) {
      throw new IllegalArgumentException(
          of
              + " '"
              + value
              + "': 1 to 63 letters, digits, '.', '_' or '-' are needed, the first a letter or"
              + " digit");
    }
    return value;
  }
}
