package org.smemv.node.api;

import io.helidon.http.Method;
import java.time.Duration;
import java.util.List;

/**
 * Another process's {@link DirectoryOperations}. Safe for use by many threads. Every call has a
 * time-out; a directory that does not answer is {@code UNREACHABLE_HOST}.
 */
public final class DirectoryClient implements DirectoryOperations {
  /** A plan with fresh figures waits for all hosts, until silent ones are lost. */
  private static final Duration ANSWER = Duration.ofSeconds(15);

  /** Ten thousand hosts with all their shares. */
  private static final int ANSWER_BYTES_MAX = 256 << 20;

  private final ApiCalls calls;

  public DirectoryClient(ApiAddress address) {
    this.calls =
        new ApiCalls(
            new ApiCalls.Callee(
                "the directory",
                address,
                "Does it run?",
                "Is it a directory, and of the same version?"),
            ANSWER_BYTES_MAX);
  }

  @Override
  public List<DirectoryHost> hosts() throws OperationException {
    return List.of(calls.ask(Method.GET, "/v1/hosts", null, DirectoryHost[].class, ANSWER));
  }

  @Override
  public List<DirectoryVm> vms() throws OperationException {
    return List.of(calls.ask(Method.GET, "/v1/vms", null, DirectoryVm[].class, ANSWER));
  }

  @Override
  public DirectoryPlan plan(PlanWish wish) throws OperationException {
    return calls.ask(Method.POST, "/v1/plans", wish, DirectoryPlan.class, ANSWER);
  }
}
