package org.smemv.node.api;

/** The figures of a directory as a page for Prometheus. Sums only: a fleet may have many hosts. */
final class DirectoryMetricsPage {
  private DirectoryMetricsPage() {}

  static byte[] of(DirectoryMetrics now) {
    MetricFamilies page = new MetricFamilies();
    page.gauge("smemv_directory_hosts", "Hosts that are listed.", now.hosts());
    page.gauge("smemv_directory_lost_hosts", "Of these, not heard of for 5 s.", now.lostHosts());
    page.gauge("smemv_directory_draining_hosts", "Of these, to be emptied.", now.drainingHosts());
    page.gauge("smemv_directory_vms", "VMs that hosts say they have.", now.vms());
    page.gauge(
        "smemv_directory_capacity_bytes",
        "Memory that S-memV may use on all hosts that are not lost.",
        now.capacityBytes());
    page.gauge("smemv_directory_free_bytes", "Of it neither used nor reserved.", now.freeBytes());
    page.gauge(
        "smemv_directory_reserved_bytes", "Of it granted and not yet used.", now.reservedBytes());
    page.gauge("smemv_directory_used_bytes", "Of it used.", now.usedBytes());
    page.gauge("smemv_directory_rows", "Hosts, VMs, shares and labels remembered.", now.rows());
    page.counter(
        "smemv_directory_heartbeats", "Heartbeats of agents that were taken.", now.heartbeats());
    page.counter(
        "smemv_directory_refused_heartbeats",
        "Heartbeats that were refused: two agents with one name, a full directory, nonsense.",
        now.refusedHeartbeats());
    page.counter("smemv_directory_plans", "Plans that were asked for.", now.plans());
    page.counter(
        "smemv_directory_failed_plans", "Plans that could not be made.", now.failedPlans());
    page.gauge("smemv_data_connections", "Open connections of agents.", now.dataConnections());
    return page.text();
  }
}
