package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class OccupationTest {
  private final Occupation vm = new Occupation();

  @Test
  void oneOperationAtATimeHasIt() {
    assertThat(vm.begin("being stopped")).isNull();
    assertThat(vm.begin("being migrated")).isEqualTo("being stopped");
    assertThat(vm.beginBriefly()).isFalse();
    vm.end();
    assertThat(vm.begin("being migrated")).isNull();
  }

  @Test
  void whoWantsItWaitsWhileTheAgentItselfHasIt() throws Exception {
    assertThat(vm.beginBriefly()).isTrue();
    CompletableFuture<String> waiting =
        CompletableFuture.supplyAsync(() -> String.valueOf(vm.begin("being stopped")));
    vm.end();
    assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo("null");
    assertThat(vm.beginBriefly()).isFalse();
  }
}
