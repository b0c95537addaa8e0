package org.smemv.node.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** VMs that take their time to start, over a real API. */
@Timeout(30)
class StartsTest {
  private final CountDownLatch gate = new CountDownLatch(1);
  private volatile @Nullable ErrorCode outcome;

  private final FakeHost host =
      new FakeHost("h1") {
        @Override
        public VmReport start(StartVm request) throws OperationException {
          try {
            var _ = gate.await(20, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          ErrorCode failure = outcome;
          if (failure != null) {
            throw new OperationException(failure, "told by a test");
          }
          return super.start(request);
        }
      };

  private ApiServer server;
  private ApiClient client;

  @BeforeEach
  void serve() throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server = ApiServer.start(new ApiAddress.Loopback(any), "h1", host);
    client =
        new ApiClient(
            new HostEntry("h1", server.address(), new InetSocketAddress("192.0.2.1", 7400)));
  }

  @AfterEach
  void stop() {
    gate.countDown();
    server.close();
  }

  private static StartVm vm(String name) {
    return new StartVm(name, 1L << 30, 1, null, null, null, null, null, null, null);
  }

  private StartReport.State state(String vm) throws OperationException {
    return client.starting(vm).state();
  }

  @Test
  void aStartIsAnsweredAtOnceAndFollowedByTheVmsName() throws Exception {
    assertThat(client.begin(vm("web")).state()).isEqualTo(StartReport.State.STARTING);
    assertThat(state("web")).isEqualTo(StartReport.State.STARTING);
    assertThatThrownBy(() -> client.begin(vm("web"))).hasMessageContaining("already");
    gate.countDown();
    await().until(() -> state("web") == StartReport.State.DONE);
    assertThat(client.starting("web").report()).isEqualTo(client.vm("web"));
  }

  @Test
  void aStartThatFailsLateSaysWhyAndMayBeTriedAgain() throws Exception {
    outcome = ErrorCode.CAPACITY;
    assertThat(client.begin(vm("web")).state()).isEqualTo(StartReport.State.STARTING);
    gate.countDown();
    await().until(() -> state("web") == StartReport.State.FAILED);
    assertThat(client.starting("web").failure()).isEqualTo(ErrorCode.CAPACITY);
    assertThat(client.starting("web").reason()).contains("told by a test");
    outcome = null;
    assertThat(client.start(vm("web")).name()).isEqualTo("web");
  }

  @Test
  void whatIsAgainstAStartFromTheBeginningIsAnError() {
    outcome = ErrorCode.ALREADY_EXISTS;
    gate.countDown();
    assertThatThrownBy(() -> client.begin(vm("web")))
        .isInstanceOfSatisfying(
            OperationException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS));
  }

  @Test
  void nothingIsKnownOfTheStartOfAVmThatIsNotThere() {
    assertThatThrownBy(() -> client.starting("nobody"))
        .isInstanceOfSatisfying(
            OperationException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
  }

  @Test
  void noMoreThanTheLimitAreUnderWay() throws Exception {
    for (int i = 0; i < 32; i++) {
      assertThat(client.begin(vm("vm" + i)).state()).isEqualTo(StartReport.State.STARTING);
    }
    assertThatThrownBy(() -> client.begin(vm("one-more"))).hasMessageContaining("32 VMs");
  }
}
