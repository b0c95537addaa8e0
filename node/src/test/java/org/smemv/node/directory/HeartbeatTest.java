package org.smemv.node.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.smemv.node.api.HostReport;
import org.smemv.node.api.Json;
import org.smemv.node.api.VmReport;
import org.smemv.node.api.VmState;
import org.smemv.paging.FrameException;

class HeartbeatTest {
  private static final String GOOD =
      """
      {"host":{"name":"h1","capacityBytes":8192,"freeBytes":4096,"reservedBytes":0,\
      "usedBytes":4096,"vms":["web"],"shares":[{"vmId":"00000000-0000-0001-0000-000000000001",\
      "mainHost":"h2","pages":1,"bytes":4096,"grantedBytes":4096}],"draining":false},"data":"10.0.0.1:7400",\
      "startEpoch":5,"number":6,"reserveBytes":7,"linkBytesPerSecond":125000000,\
      "labels":["rack-1"],"vms":[{"name":"web","id":"00000000-0000-0002-0000-000000000002",\
      "epoch":3,"state":"RUNNING","reason":null,"memoryBytes":16384,"mainMemoryBytes":8192,\
      "residentBytes":4096,"zeroBytes":4096,"workingSetBytes":4096,\
      "subs":[{"host":"h3","bytes":8192,"connected":true}],"leaving":["h3"]}]}\
      """;

  private static Heartbeat good() {
    HostReport host =
        new HostReport(
            "h1",
            8192,
            4096,
            0,
            4096,
            List.of("web"),
            List.of(new HostReport.Share(new UUID(1, 1).toString(), "h2", 1, 4096, 4096)));
    Heartbeat.Vm vm =
        new Heartbeat.Vm(
            "web",
            new UUID(2, 2),
            3,
            VmState.RUNNING,
            null,
            16384,
            8192,
            4096,
            4096,
            4096,
            List.of(new VmReport.Sub("h3", 8192, true)),
            List.of("h3"));
    return new Heartbeat(
        host, "10.0.0.1:7400", 5, 6, 7, 125_000_000, List.of("rack-1"), List.of(vm));
  }

  @Test
  void aHeartbeatKeepsItsFields() throws JsonProcessingException {
    assertThat(Json.write(good())).isEqualTo(GOOD);
    assertThat(Json.read(GOOD, Heartbeat.class)).isEqualTo(good());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"name\":\"h1\" | \"name\":\"../h1\" | host",
        "\"name\":\"h1\" | \"name\":null | host",
        "\"capacityBytes\":8192 | \"capacityBytes\":-1 | capacity",
        "\"capacityBytes\":8192 | \"capacityBytes\":9223372036854775807 | capacity",
        "\"freeBytes\":4096 | \"freeBytes\":8193 | free memory",
        "\"usedBytes\":4096 | \"usedBytes\":-4096 | used memory",
        "\"vms\":[\"web\"] | \"vms\":[\"we b\"] | VM",
        "\"vmId\":\"00000000-0000-0001-0000-000000000001\" | \"vmId\":\"x\" | UUID",
        "\"vmId\":\"00000000-0000-0001-0000-000000000001\" | \"vmId\":null | VM of a share",
        "\"mainHost\":\"h2\" | \"mainHost\":\"\" | main host",
        "\"pages\":1 | \"pages\":-1 | pages",
        "\"grantedBytes\":4096 | \"grantedBytes\":-1 | grant",
        "\"data\":\"10.0.0.1:7400\" | \"data\":\"localhost:7400\" | localhost",
        "\"data\":\"10.0.0.1:7400\" | \"data\":null | data address",
        "\"startEpoch\":5 | \"startEpoch\":-5 | start",
        "\"number\":6 | \"number\":-6 | number",
        "\"reserveBytes\":7 | \"reserveBytes\":-7 | reserve",
        "\"linkBytesPerSecond\":125000000 | \"linkBytesPerSecond\":-1 | link rate",
        "\"labels\":[\"rack-1\"] | \"labels\":[\"\"] | label",
        "\"labels\":[\"rack-1\"] | \"labels\":null | labels",
        "\"epoch\":3 | \"epoch\":-3 | epoch",
        "\"state\":\"RUNNING\" | \"state\":null | state",
        "\"memoryBytes\":16384 | \"memoryBytes\":16385 | number of pages",
        "\"memoryBytes\":16384 | \"memoryBytes\":0 | number of pages",
        "\"mainMemoryBytes\":8192 | \"mainMemoryBytes\":20480 | main memory",
        "\"residentBytes\":4096 | \"residentBytes\":20480 | resident memory",
        "\"workingSetBytes\":4096 | \"workingSetBytes\":-1 | working set",
        "\"host\":\"h3\" | \"host\":\"h 3\" | sub-host",
        "\"connected\":true | \"connected\":true,\"more\":1 | unknown field",
      })
  void aFieldThatMakesNoSenseIsRefusedByName(String field, String bad, String named) {
    String json = GOOD.replace(field, bad);
    assertThat(json).isNotEqualTo(GOOD);
    HostDirectory directory = new HostDirectory();
    HeartbeatRequests requests = new HeartbeatRequests(directory);
    assertThatThrownBy(() -> requests.handle(json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(FrameException.class)
        .hasMessageContaining(named);
    assertThat(directory.hosts()).isEmpty();
  }

  @Test
  void moreThanIsSensibleIsRefused() {
    List<String> labels = IntStream.range(0, 65).mapToObj(i -> "l" + i).toList();
    assertThatThrownBy(() -> Beats.with(good(), labels)).hasMessageContaining("64");
    Heartbeat.Vm vm = good().vms().getFirst();
    assertThatThrownBy(() -> Beats.host("h1", 1, vm, vm)).hasMessageContaining("twice");
  }
}
