package org.smemv.node.directory;

import org.jspecify.annotations.Nullable;
import org.smemv.node.api.DirectoryPlan;
import org.smemv.node.api.ErrorCode;
import org.smemv.node.api.OperationException;

/**
 * What the directory answers to a {@link PlanQuestion}.
 *
 * @param plan null when there is none
 * @param refused why there is none; null when there is one
 * @param message for a person, when there is none
 */
public record PlanAnswer(
    @Nullable DirectoryPlan plan, @Nullable ErrorCode refused, @Nullable String message) {
  static PlanAnswer of(DirectoryPlan plan) {
    return new PlanAnswer(plan, null, null);
  }

  static PlanAnswer refusal(OperationException e) {
    return new PlanAnswer(null, e.code(), e.getMessage());
  }

  /**
   * The plan.
   *
   * @throws OperationException when there is none
   */
  public DirectoryPlan orRefusal() throws OperationException {
    if (plan == null) {
      throw new OperationException(
          refused == null ? ErrorCode.INTERNAL : refused,
          message == null ? "the directory gave neither a plan nor a reason" : message);
    }
    return plan;
  }
}
