package org.smemv.node.api;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts of VMs, each on a virtual thread of its own: who asks for one is answered at once, and
 * asks for its end by the VM's name. The last ones are remembered. Any thread.
 */
final class Starts {
  private static final Logger log = LoggerFactory.getLogger(Starts.class);

  /** What fails within this, as for want of memory, is told to whoever asked. */
  private static final long AT_ONCE_MILLIS = 200;

  private static final int REMEMBERED = 100;
  private static final int UNDER_WAY_MAX = 32;

  private final HostOperations operations;
  private final Map<String, CompletableFuture<VmReport>> starts = new LinkedHashMap<>();

  Starts(HostOperations operations) {
    this.operations = operations;
  }

  /**
   * Begins one.
   *
   * @throws OperationException {@code BUSY} when one of that name, or too many, are under way; and
   *     whatever is known against it at once
   */
  StartReport begin(StartVm request) throws OperationException {
    CompletableFuture<VmReport> start = new CompletableFuture<>();
    add(request.name(), start);
    Thread.ofVirtual().name("start-" + request.name()).start(() -> run(request, start));
    try {
      return StartReport.done(start.get(AT_ONCE_MILLIS, TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return StartReport.starting(request.name());
    } catch (ExecutionException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return StartReport.starting(request.name());
    }
  }

  private synchronized void add(String vm, CompletableFuture<VmReport> start)
      throws OperationException {
    CompletableFuture<VmReport> before = starts.get(vm);
    if (before != null && !before.isDone()) {
      throw new OperationException(ErrorCode.BUSY, "VM " + vm + " is being started already");
    }
    if (starts.values().stream().filter(each -> !each.isDone()).count() >= UNDER_WAY_MAX) {
      throw new OperationException(
          ErrorCode.BUSY, UNDER_WAY_MAX + " VMs are being started: try again later");
    }
    starts.remove(vm);
    starts.put(vm, start);
    if (starts.size() > REMEMBERED) {
      starts.entrySet().stream()
          .filter(each -> each.getValue().isDone())
          .findFirst()
          .ifPresent(oldest -> starts.remove(oldest.getKey()));
    }
  }

  private void run(StartVm request, CompletableFuture<VmReport> start) {
    try {
      start.complete(operations.start(request));
    } catch (OperationException e) {
      start.completeExceptionally(e);
    } catch (RuntimeException | Error e) {
      log.error("VM {}: its start broke", request.name(), e);
      start.completeExceptionally(
          new OperationException(ErrorCode.INTERNAL, "a bug of the agent, see its log: " + e, e));
    }
  }

  private static OperationException failure(ExecutionException e) {
    return e.getCause() instanceof OperationException why
        ? new OperationException(why.code(), String.valueOf(why.getMessage()), why)
        : new OperationException(ErrorCode.INTERNAL, e.toString(), e);
  }

  /**
   * How the last start of a VM of this name is, or went. A VM that is here was started, whether
   * that is remembered or not.
   *
   * @throws OperationException {@code NOT_FOUND} when nothing is known of it
   */
  StartReport report(String vm) throws OperationException {
    CompletableFuture<VmReport> start = remembered(vm);
    if (start != null && !start.isDone()) {
      return StartReport.starting(vm);
    }
    if (start != null && start.isCompletedExceptionally()) {
      return StartReport.failed(vm, (OperationException) start.exceptionNow());
    }
    return StartReport.done(operations.vm(vm));
  }

  private synchronized @Nullable CompletableFuture<VmReport> remembered(String vm) {
    return starts.get(vm);
  }
}
