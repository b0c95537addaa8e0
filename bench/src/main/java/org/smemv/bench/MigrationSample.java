package org.smemv.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One migration of the benchmark, or the medians of several.
 *
 * @param totalMillis from the request to the end: for S-memV all that it does for it, for stock
 *     QEMU without the start of the waiting QEMU, which was there before
 * @param setUpMillis of it, before the first page travels
 * @param downtimeMillis the VM's pause, as the side reports it
 * @param bytes sent for the memory
 * @param rounds passes over what was written
 * @param clientGapMillis longest time in which the client got no answer; 0 without load
 */
public record MigrationSample(
    double totalMillis,
    double setUpMillis,
    double downtimeMillis,
    double bytes,
    double rounds,
    double clientGapMillis) {

  static MigrationSample median(List<MigrationSample> samples) {
    return new MigrationSample(
        median(samples, MigrationSample::totalMillis),
        median(samples, MigrationSample::setUpMillis),
        median(samples, MigrationSample::downtimeMillis),
        median(samples, MigrationSample::bytes),
        median(samples, MigrationSample::rounds),
        median(samples, MigrationSample::clientGapMillis));
  }

  /** Of one figure of each sample. */
  static <T> double median(List<T> samples, ToDoubleFunction<T> of) {
    double[] values = samples.stream().mapToDouble(of).sorted().toArray();
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }
}
