package org.smemv.node.api;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Figures that become a page in Prometheus' text format, version 0.0.4. Owned by one thread. */
final class MetricFamilies {
  static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final List<MetricSnapshot> families = new ArrayList<>();

  void add(MetricSnapshot family) {
    families.add(family);
  }

  /** What goes up and down. */
  void gauge(String name, String help, long value) {
    add(
        GaugeSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(value(Labels.EMPTY, value))
            .build());
  }

  /** What is counted since the start. */
  void counter(String name, String help, long count) {
    add(
        CounterSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(count(Labels.EMPTY, count))
            .build());
  }

  static GaugeDataPointSnapshot value(Labels labels, long value) {
    return GaugeDataPointSnapshot.builder().labels(labels).value((double) value).build();
  }

  static CounterDataPointSnapshot count(Labels labels, long count) {
    return CounterDataPointSnapshot.builder().labels(labels).value((double) count).build();
  }

  /** The page. */
  byte[] text() {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(text, new MetricSnapshots(families));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toByteArray();
  }
}
