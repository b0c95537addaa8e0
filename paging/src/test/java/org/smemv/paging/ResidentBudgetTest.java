package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ResidentBudgetTest {
  @Test
  void aLimitBelowTheMemoryOfTheVmKeepsRoomForPagesOnTheirWayIn() {
    ResidentBudget budget = new ResidentBudget(16_000, 20_000);
    budget.takeAll(14_000);
    assertThat(budget.spare()).isEqualTo(1000); // a sixteenth is headroom
    assertThat(budget.isTight()).isFalse();
    budget.takeAll(1500);
    assertThat(budget.spare()).isEqualTo(-500);
    assertThat(budget.isTight()).isFalse();
    budget.takeAll(300);
    assertThat(budget.isTight()).isTrue();
    assertThat(budget.excess()).isEqualTo(300);
  }

  @Test
  void aLimitThatHoldsTheWholeVmNeedsNone() {
    ResidentBudget budget = new ResidentBudget(20_000, 20_000);
    budget.takeAll(19_999);
    assertThat(budget.isTight()).isFalse();
    assertThat(budget.excess()).isZero();
    assertThat(budget.spare()).isEqualTo(1);
    budget.limit(19_000);
    assertThat(budget.isTight()).isTrue();
    assertThat(budget.excess()).isPositive();
  }
}
