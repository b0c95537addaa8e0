package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;
import org.smemv.node.api.StartVm;
import org.smemv.node.api.SubShare;

/** What is asked of sub-hosts before a VM starts. */
class StartSharesTest {
  private static final long MIB = 1L << 20;

  private final StartShares shares =
      new StartShares(
          "h1",
          name -> {
            throw new IllegalArgumentException("no host named " + name + " in the hosts file");
          });

  private static StartVm start(long mainMebibytes, String... subs) {
    return new StartVm(
        "big",
        512 * MIB,
        1,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        mainMebibytes * MIB,
        List.of(subs).stream().map(sub -> new SubShare(sub, 0)).toList());
  }

  private OperationException refusal(StartVm request) {
    return catchThrowableOfType(OperationException.class, () -> shares.divide(request));
  }

  @Test
  void aVmThatIsWhollyHereAsksNobody() throws Exception {
    assertThat(shares.divide(start(0))).isEmpty();
    assertThat(shares.divide(start(512))).isEmpty();
  }

  @Test
  void memoryAndSubHostsThatDoNotFitTogetherAreRefusedWithTheRemedy() {
    assertThat(refusal(start(1024, "h2"))).hasMessageContaining("larger than its memory");
    assertThat(refusal(start(128))).hasMessageContaining("needs sub-hosts");
    for (long main : new long[] {0, 512}) {
      OperationException refused = refusal(start(main, "h2"));
      assertThat(refused.code()).isEqualTo(ErrorCode.BAD_REQUEST);
      assertThat(refused).hasMessageContaining("would get nothing");
    }
  }

  @Test
  void aSubHostThatIsUnknownOrTheHostItselfIsRefused() {
    assertThat(refusal(start(128, "h9")).code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(start(128, "h1"))).hasMessageContaining("h1 is where the VM starts");
  }
}
