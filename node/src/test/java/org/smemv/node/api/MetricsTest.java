package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page as a monitoring system reads it, by the rules of the text format 0.0.4. */
class MetricsTest {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-z_]+)(?:\\{((?:[a-z_]+=\"[^\"\\\\\n]*\",?)*)\\})? (\\S+)");
  private static final Set<String> UNITS =
      Set.of("bytes", "pages", "seconds", "writes", "connections", "vms", "shares", "followers");

  private final FakeHost host = new FakeHost("h1");
  private final Map<String, Double> samples = new LinkedHashMap<>();
  private final Map<String, String> types = new LinkedHashMap<>();
  private final Map<String, String> helps = new LinkedHashMap<>();

  @BeforeEach
  void read() {
    host.vms.put("vm1", FakeHost.vmReport("vm1", "h1"));
    host.vms.put("web-2.a", FakeHost.vmReport("web-2.a", "h1"));
    parse(MetricsPage.of(host.metrics(), 3));
  }

  private void parse(byte[] page) {
    samples.clear();
    String text = new String(page, StandardCharsets.UTF_8);
    assertThat(text).endsWith("\n").doesNotContain("\r");
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("# ")) {
        String[] words = line.split(" ", 4);
        Map<String, String> about = words[1].equals("TYPE") ? types : helps;
        assertThat(about.put(words[2], words[3])).as("twice: %s", line).isNull();
      } else if (!line.isEmpty()) {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        double value = Double.parseDouble(sample.group(3).replace("+Inf", "Infinity"));
        String name = line.substring(0, line.lastIndexOf(' '));
        assertThat(samples.put(name, value)).as("twice: %s", line).isNull();
      }
    }
  }

  private double sample(String name) {
    assertThat(samples).containsKey(name);
    return samples.get(name);
  }

  private static String family(String sample) {
    return sample.replaceFirst("\\{.*", "").replaceFirst("_(bucket|sum|count)$", "");
  }

  @Test
  void everyFamilyHasATypeAndAHelpTextAndAUnitInItsName() {
    Set<String> families = new LinkedHashSet<>();
    samples.keySet().forEach(sample -> families.add(family(sample)));
    assertThat(types.keySet()).containsExactlyInAnyOrderElementsOf(families);
    assertThat(helps.keySet()).containsExactlyInAnyOrderElementsOf(families);
    assertThat(types.values()).isSubsetOf("gauge", "counter", "histogram");
    types.forEach(
        (name, type) -> assertThat(name.endsWith("_total")).isEqualTo(type.equals("counter")));
    for (String name : families) {
      assertThat(name).startsWith("smemv_");
      assertThat(helps.get(name)).endsWith(".");
    }
    assertThat(families.stream().map(name -> name.replaceFirst("_total$", "")))
        .filteredOn(name -> UNITS.stream().noneMatch(unit -> name.endsWith("_" + unit)))
        .containsExactlyInAnyOrder(
            "smemv_host_vms_unheld",
            "smemv_vm_sub_host_connected",
            "smemv_vm_faults_waiting",
            "smemv_migrations");
  }

  @Test
  void theHostsFiguresAreThere() {
    assertThat(sample("smemv_host_capacity_bytes")).isEqualTo(512L << 20);
    assertThat(sample("smemv_host_free_bytes")).isEqualTo(112L << 20);
    assertThat(sample("smemv_host_reserved_bytes")).isEqualTo(100L << 20);
    assertThat(sample("smemv_host_used_bytes")).isEqualTo(300L << 20);
    assertThat(sample("smemv_host_vms")).isEqualTo(2);
    assertThat(sample("smemv_host_vms_unheld")).isEqualTo(1);
    assertThat(sample("smemv_host_shares")).isEqualTo(1);
    assertThat(sample("smemv_host_share_bytes")).isEqualTo(290L << 20);
    assertThat(sample("smemv_data_connections")).isEqualTo(12);
    assertThat(sample("smemv_api_followers")).isEqualTo(3);
    assertThat(sample("smemv_sent_pages_total{asked_for=\"fault\"}")).isEqualTo(5);
    assertThat(sample("smemv_sent_pages_total{asked_for=\"background\"}")).isEqualTo(6);
    assertThat(sample("smemv_stored_pages_total")).isEqualTo(7);
  }

  @Test
  void eachVmsFiguresAreThere() {
    for (String vm : List.of("{vm=\"vm1\"}", "{vm=\"web-2.a\"}")) {
      assertThat(sample("smemv_vm_memory_bytes" + vm)).isEqualTo(1L << 30);
      assertThat(sample("smemv_vm_main_memory_limit_bytes" + vm)).isEqualTo(512L << 20);
      assertThat(sample("smemv_vm_resident_bytes" + vm)).isEqualTo(400L << 20);
      assertThat(sample("smemv_vm_zero_bytes" + vm)).isEqualTo(100L << 20);
      assertThat(sample("smemv_vm_faults_waiting" + vm)).isEqualTo(2);
      assertThat(sample("smemv_vm_refused_pages_total" + vm)).isEqualTo(3);
      assertThat(sample("smemv_vm_evicted_pages_total" + vm)).isEqualTo(700);
      assertThat(sample("smemv_vm_evicted_zero_pages_total" + vm)).isEqualTo(50);
      assertThat(sample("smemv_vm_late_writes_total" + vm)).isEqualTo(1);
      assertThat(sample("smemv_vm_eviction_sent_bytes_total" + vm)).isEqualTo(650L << 12);
    }
    assertThat(sample("smemv_vm_remote_bytes{sub_host=\"h3\",vm=\"vm1\"}")).isEqualTo(300L << 20);
    assertThat(sample("smemv_vm_sub_host_connected{sub_host=\"h4\",vm=\"vm1\"}")).isZero();
    assertThat(sample("smemv_vm_fault_pages_total{kind=\"remote\",vm=\"vm1\"}")).isEqualTo(800);
    assertThat(sample("smemv_vm_fault_pages_total{kind=\"zero\",vm=\"vm1\"}")).isEqualTo(200);
  }

  @Test
  void theLatencyHistogramIsCumulativeAndEndsAtInfinity() {
    double before = 0;
    double last = 0;
    for (Map.Entry<String, Double> sample : samples.entrySet()) {
      if (sample.getKey().startsWith("smemv_vm_remote_fault_seconds_bucket{vm=\"vm1\"")) {
        String le = sample.getKey().replaceFirst(".*le=\"([^\"]*)\".*", "$1");
        last = Double.parseDouble(le.replace("+Inf", "Infinity"));
        assertThat(sample.getValue()).as(le).isGreaterThanOrEqualTo(before);
        before = sample.getValue();
      }
    }
    assertThat(last).isInfinite();
    assertThat(before).isEqualTo(800);
    assertThat(sample("smemv_vm_remote_fault_seconds_bucket{vm=\"vm1\",le=\"5.0E-5\"}")).isZero();
    assertThat(sample("smemv_vm_remote_fault_seconds_bucket{vm=\"vm1\",le=\"1.0E-4\"}"))
        .isEqualTo(700);
    assertThat(sample("smemv_vm_remote_fault_seconds_bucket{vm=\"vm1\",le=\"0.001\"}"))
        .isEqualTo(790);
    assertThat(sample("smemv_vm_remote_fault_seconds_count{vm=\"vm1\"}")).isEqualTo(800);
    assertThat(sample("smemv_vm_remote_fault_seconds_sum{vm=\"vm1\"}")).isEqualTo(123.5);
  }

  @Test
  void everyStateOfMigrationsHasARow() {
    assertThat(samples.keySet().stream().filter(name -> name.startsWith("smemv_migrations{")))
        .hasSize(12);
    assertThat(sample("smemv_migrations{state=\"copy\"}")).isEqualTo(1);
    assertThat(sample("smemv_migrations{state=\"send_body\"}")).isZero();
    assertThat(sample("smemv_migrations{state=\"done\"}")).isEqualTo(7);
    assertThat(sample("smemv_migration_sent_bytes_total")).isEqualTo(600L << 20);
  }

  @Test
  void aVmThatHasGoneLeavesNoRowsBehind() {
    host.vms.clear();
    types.clear();
    helps.clear();
    parse(MetricsPage.of(host.metrics(), 0));
    assertThat(samples.keySet()).noneMatch(name -> name.startsWith("smemv_vm_"));
    assertThat(sample("smemv_host_vms")).isZero();
  }

  @Test
  void theDirectorysPageIsWellFormedTooAndHasNoRowsPerHost() {
    types.clear();
    helps.clear();
    parse(DirectoryMetricsPage.of(new FakeDirectory().metrics()));
    assertThat(samples).hasSize(14);
    assertThat(types.keySet()).containsExactlyInAnyOrderElementsOf(samples.keySet());
    types.forEach(
        (name, type) -> assertThat(name.endsWith("_total")).isEqualTo(type.equals("counter")));
    assertThat(sample("smemv_directory_hosts")).isEqualTo(10);
    assertThat(sample("smemv_directory_lost_hosts")).isEqualTo(2);
    assertThat(sample("smemv_directory_free_bytes")).isEqualTo(4L << 30);
    assertThat(sample("smemv_directory_refused_heartbeats_total")).isEqualTo(17);
    assertThat(sample("smemv_directory_plans_total")).isEqualTo(12);
  }
}
