package org.smemv.migration;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What the time that a VM stood was spent on, step by step, in the order of the steps. One thread.
 */
final class DowntimeSteps {
  private final Map<String, Long> nanos = new LinkedHashMap<>();
  private long last;

  /** The VM stopped at this time. */
  void begin(long now) {
    nanos.clear();
    last = now;
  }

  /** The step that took from the last time to this one is over. */
  void end(String step, long now) {
    nanos.merge(step, now - last, Long::sum);
    last = now;
  }

  /** Such as {@code last pages 8.1 ms, device state 9.4 ms}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    nanos.forEach(
        (step, time) ->
            text.append(text.isEmpty() ? "" : ", ")
                .append(String.format(Locale.ROOT, "%s %.1f ms", step, time / 1e6)));
    return text.toString();
  }
}
