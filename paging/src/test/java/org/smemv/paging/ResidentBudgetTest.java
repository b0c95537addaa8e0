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
  void theGuestGoesOnWhileALowerLimitIsBeingReachedAndNeverGetsMoreThanItGivesBack() {
    ResidentBudget budget = new ResidentBudget(16_000, 20_000);
    budget.takeAll(16_000);
    budget.limit(8_000);
    assertThat(budget.excess()).isGreaterThan(8_000);
    long most = budget.resident();
    while (budget.resident() > 8_000) {
      budget.release(64);
      int taken = 0;
      while (taken < 32 && budget.tryTake()) {
        taken++;
      }
      assertThat(budget.resident() > 8_000 && taken == 0).isFalse();
      assertThat(budget.resident()).isLessThan(most);
      most = budget.resident();
    }
    while (budget.tryTake()) {
      most = budget.resident();
    }
    assertThat(most).isEqualTo(8_000);
  }

  @Test
  void whatADeadAgentLeftAboveTheLimitDoesNotKeepTheGuestStanding() {
    ResidentBudget budget = new ResidentBudget(8_000, 20_000);
    budget.found(12_000);
    assertThat(budget.tryTake()).isTrue();
    budget.release(6_000);
    assertThat(budget.resident()).isEqualTo(6_001);
    while (budget.tryTake()) {
      assertThat(budget.resident()).isLessThanOrEqualTo(8_000);
    }
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
