package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.smemv.migration.MigrationState;

/** The JSON that scripts rely on, to the letter. */
class ReportJsonTest {
  @Test
  void aVmReportKeepsItsFields() throws JsonProcessingException {
    VmReport report = FakeHost.vmReport("vm1", "h1");
    String json =
        """
        {"name":"vm1","id":"0f8fad5b-d9cb-469f-a165-70867728950e","host":"h1","state":"RUNNING",\
        "reason":null,"memoryBytes":1073741824,"mainMemoryBytes":536870912,\
        "residentBytes":419430400,"zeroBytes":104857600,\
        "subs":[{"host":"h3","bytes":314572800,"connected":true},\
        {"host":"h4","bytes":234881024,"connected":false}],\
        "faults":{"count":1000,"localZero":200,"remote":800,"p50Micros":150.5,"p99Micros":420.0,\
        "p999Micros":900.0,"maxMicros":2000.25},\
        "evictions":{"count":700,"zeros":50,"lateWrites":1,"bytesSent":2662400},\
        "rates":{"faultsPerSecond":12.5,"swapInPagesPerSecond":10.0,"swapOutPagesPerSecond":8.0},\
        "cpus":2,"pid":4711,"qemuVersion":"7.2.22","accelerator":"tcg","migrationId":null}\
        """;
    assertThat(Json.write(report)).isEqualTo(json);
    assertThat(Json.read(json, VmReport.class)).isEqualTo(report);
  }

  @Test
  void aMigrationReportKeepsItsFields() throws JsonProcessingException {
    MigrationReport report = FakeHost.migrationReport(MigrationState.DONE, null);
    String json =
        """
        {"id":"m1","vm":"vm1","source":"h1","state":"DONE","postCopy":false,"reason":null,\
        "ram":{"total":1073741824,"transferred":629145600,"remaining":444596224,\
        "duplicate":5000,"normal":150000,"mbps":900.5,"pagesPerSecond":27000.0,\
        "dirtyPagesRate":1200.0,"dirtySyncCount":3},"gather":{"remaining":67108864,"mbps":512.5},\
        "converging":true,\
        "expectedDowntimeMillis":45,"downtimeMillis":21,"totalTimeMillis":8200,\
        "setupTimeMillis":12,"etaMillis":3000,\
        "targets":[{"host":"h2","role":"main","pages":90000,"bytes":419430400,"mbps":500.0},\
        {"host":"h3","role":"sub","pages":60000,"bytes":209715200,"mbps":400.0}],\
        "failure":null}\
        """;
    assertThat(Json.write(report)).isEqualTo(json);
    assertThat(Json.read(json, MigrationReport.class)).isEqualTo(report);
  }

  @Test
  void aHostReportKeepsItsFields() throws JsonProcessingException, OperationException {
    HostReport report = new FakeHost("h1").host();
    String json =
        """
        {"name":"h1","capacityBytes":536870912,"freeBytes":117440512,"reservedBytes":104857600,\
        "usedBytes":314572800,"vms":[],"shares":[{"vmId":"id-1","mainHost":"h2","pages":75000,\
        "bytes":304087040,"grantedBytes":314572800}],"draining":false}\
        """;
    assertThat(Json.write(report)).isEqualTo(json);
    assertThat(Json.read(json, HostReport.class)).isEqualTo(report);
  }

  @Test
  void aMigrationRequestKeepsItsFields() throws JsonProcessingException {
    MigrateVm request =
        new MigrateVm(
            "h2",
            4096,
            List.of(new SubShare("h3", 8192)),
            MigrationMode.PRECOPY,
            50,
            125_000,
            2,
            TimeoutAction.FORCE,
            true);
    String json =
        """
        {"mainHost":"h2","mainMemoryBytes":4096,"subs":[{"host":"h3","bytes":8192}],\
        "mode":"precopy","downtimeLimitMillis":50,"maxBandwidth":125000,"timeoutSeconds":2,"onTimeout":"force",\
        "dryRun":true}\
        """;
    assertThat(Json.write(request)).isEqualTo(json);
    assertThat(Json.read(json, MigrateVm.class)).isEqualTo(request);
  }

  @Test
  void whatIsLeftOutOfARequestHasItsDefault() throws JsonProcessingException {
    assertThat(Json.read("{\"mainHost\":\"h2\"}", MigrateVm.class))
        .isEqualTo(
            new MigrateVm(
                "h2", 0, List.of(), MigrationMode.PRECOPY, 300, 0, 0, TimeoutAction.ABORT, false));
  }
}
