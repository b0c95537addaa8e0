package org.smemv.node.agent;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.migration.MigrationPlan;
import org.smemv.node.qemu.Qmp;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.TrafficClass;

/**
 * The body of a VM that leaves: QEMU's own migration, without the RAM, which stops the VM before
 * the device state goes. What goes wrong leaves it to {@link WayBack}. The migration's thread.
 */
final class OutgoingBody implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OutgoingBody.class);
  private static final Duration STOPS = Duration.ofSeconds(30);
  private static final Duration LINK = Duration.ofSeconds(30);

  private final HostedVm vm;
  private @Nullable BodyRelay relay;

  OutgoingBody(HostedVm vm) {
    this.vm = vm;
  }

  /**
   * Connects to the new main host and stops the VM.
   *
   * @return when it stopped, by {@link System#nanoTime}
   * @throws org.smemv.paging.PageLinkException when there is no connection
   */
  long stop(InetSocketAddress main, MigrationPlan plan) throws IOException {
    UUID id = vm.id();
    Qmp qmp = vm.body().qmp();
    try (Qmp.Expectation stopped = qmp.expect("STOP");
        Qmp.Expectation ready =
            qmp.expect(
                event ->
                    event.name().equals("MIGRATION")
                        && event.data().path("status").asText().equals("pre-switchover"))) {
      LinkTarget target =
          new LinkTarget(main, id, plan.epoch(), TrafficClass.BODY, 0, plan.source(), LINK);
      relay = new BodyRelay(vm.paths().bodySocket(vm.record().name()), target);
      configure(qmp);
      qmp.execute("migrate", Map.of("uri", relay.uri()), HostedVm.MONITOR);
      ready.await("the VM to stop for its migration", STOPS);
      return stopped.await("the VM to stop", STOPS).receivedNanos();
    }
  }

  private static void configure(Qmp qmp) throws IOException {
    List<Map<String, Object>> capabilities =
        List.of(
            Map.of("capability", "x-ignore-shared", "state", true),
            Map.of("capability", "pause-before-switchover", "state", true),
            Map.of("capability", "events", "state", true));
    qmp.execute("migrate-set-capabilities", Map.of("capabilities", capabilities), HostedVm.MONITOR);
    // All of RAM is ours: what QEMU still sends is little, and nothing of it may be held back.
    qmp.execute(
        "migrate-set-parameters",
        Map.of("max-bandwidth", 1L << 40, "downtime-limit", 10_000),
        HostedVm.MONITOR);
  }

  /**
   * Sends the device state of the stopped VM; the new main host has it when this returns.
   *
   * @param enough is asked all the time; a yes ends it early
   * @return false when it was ended early
   */
  boolean send(BooleanSupplier enough) throws IOException {
    vm.body()
        .qmp()
        .execute("migrate-continue", Map.of("state", "pre-switchover"), HostedVm.MONITOR);
    return Objects.requireNonNull(relay).await(LINK, enough);
  }

  @Override
  public void close() {
    try {
      if (relay != null) {
        relay.close();
      }
    } catch (IOException e) {
      log.debug("closing the relay", e);
    }
  }
}
