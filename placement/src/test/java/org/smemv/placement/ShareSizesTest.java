package org.smemv.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.smemv.placement.ShareSizes.Candidate;
import org.smemv.placement.ShareSizes.Share;

class ShareSizesTest {
  private static final long GIB = 1L << 30;
  private static final long MIB = 1L << 20;

  @Test
  void whatDoesNotFitIsDividedByFreeMemoryWithRoomToSwap() throws Exception {
    List<Share> shares =
        ShareSizes.divide(
            GIB, GIB / 2, List.of(new Candidate("h3", 0, GIB), new Candidate("h4", 0, 3 * GIB)));

    assertThat(shares).extracting(Share::host).containsExactly("h3", "h4");
    assertThat(shares.get(0).bytes()).isEqualTo((512 + 32) * MIB / 4);
    assertThat(shares.get(1).bytes()).isEqualTo((512 + 32) * MIB * 3 / 4);
  }

  @Test
  void aVmThatFitsNeedsNoShares() throws Exception {
    assertThat(ShareSizes.divide(GIB, GIB, List.of(new Candidate("h3", 0, GIB)))).isEmpty();
  }

  @Test
  void aSizeThatTheOperatorGaveIsKept() throws Exception {
    List<Share> shares =
        ShareSizes.divide(
            GIB,
            GIB / 2,
            List.of(new Candidate("h3", 500 * MIB, GIB), new Candidate("h4", 0, GIB)));

    assertThat(shares.get(0).bytes()).isEqualTo(500 * MIB);
    assertThat(shares.get(1).bytes()).isEqualTo(44 * MIB);
  }

  @Test
  void tooLittleIsRefusedWithWhatWouldBeNeeded() {
    assertThatThrownBy(
            () -> ShareSizes.divide(GIB, GIB / 2, List.of(new Candidate("h3", 0, GIB / 4))))
        .isInstanceOf(ShareSizes.DoesNotFit.class)
        .hasMessageContaining("must take 544 MiB")
        .hasMessageContaining("can take 256 MiB");
    assertThatThrownBy(() -> ShareSizes.divide(GIB, GIB / 2, List.of()))
        .isInstanceOf(ShareSizes.DoesNotFit.class);
  }

  @Test
  void aHostWithLessFreeThanAskedOfItIsNamed() {
    assertThatThrownBy(
            () -> ShareSizes.divide(GIB, GIB / 2, List.of(new Candidate("h3", GIB, 100 * MIB))))
        .hasMessageContaining("h3 has 100 MiB free, 1024 MiB are asked");
  }

  @Test
  void theLeastMainMemoryForSharesIsEnoughAndAPageLessIsNot() throws ShareSizes.DoesNotFit {
    long vm = 256L << 20;
    for (long granted : new long[] {4096, 20 << 20, 100 << 20, 170 << 20}) {
      long main = ShareSizes.mainBytes(vm, 96 << 20, granted);
      assertThat(main).isBetween(96L << 20, vm);
      var share = List.of(new ShareSizes.Candidate("h2", granted, granted));
      assertThat(ShareSizes.divide(vm, main, share)).hasSize(main == vm ? 0 : 1);
      if (main > 96 << 20) {
        assertThatThrownBy(() -> ShareSizes.divide(vm, main - 4096, share))
            .isInstanceOf(ShareSizes.DoesNotFit.class);
      }
    }
    assertThat(ShareSizes.mainBytes(vm, 96 << 20, 0)).isEqualTo(vm);
    assertThat(ShareSizes.mainBytes(vm, 200 << 20, 250 << 20)).isEqualTo(200 << 20);
  }
}
