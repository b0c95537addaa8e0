package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HostReportTest {
  @Test
  void aShareAndWhatAVmLeftBeforeAreOneRow() {
    HostReport.Share share = new HostReport.Share("a", "h1", 2, 8192, 65536);
    HostReport.Share other = new HostReport.Share("b", "h2", 1, 4096, 4096);
    HostReport.Share left = new HostReport.Share("a", "h2", 3, 12288, 12288);
    assertThat(HostReport.perVm(List.of(share, other, left)))
        .containsExactly(new HostReport.Share("a", "h1", 5, 20480, 77824), other);
  }
}
