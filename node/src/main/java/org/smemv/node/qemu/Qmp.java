package org.smemv.node.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of one QEMU's monitor (QMP, docs/interop/qmp-spec in QEMU's sources).
 *
 * <p>QEMU serves one client at a time: a second one is accepted by the kernel and never greeted,
 * which shows here as {@link QmpException.Kind#NO_GREETING}.
 *
 * <p>Safe for use by many threads; their commands are answered independently. One daemon thread
 * reads, and it calls the event listeners, which must not block or execute commands.
 */
public final class Qmp implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Qmp.class);

  /** Bounds what an unresponsive QEMU can leave in the socket buffer, so that no write blocks. */
  private static final int UNANSWERED_MAX = 64;

  private final String vm;
  private final Path socket;
  private final SocketChannel channel;
  private final QmpMessages messages;
  private final ReentrantLock writing = new ReentrantLock();
  private final AtomicLong nextId = new AtomicLong(1);
  private final Map<Long, CompletableFuture<JsonNode>> unanswered = new ConcurrentHashMap<>();
  private final List<Consumer<QmpEvent>> listeners = new CopyOnWriteArrayList<>();
  private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
  private final CompletableFuture<QmpException> ended = new CompletableFuture<>();
  private volatile QemuVersion version = QemuVersion.UNKNOWN;

  private Qmp(String vm, Path socket, SocketChannel channel) {
    this.vm = vm;
    this.socket = socket;
    this.channel = channel;
    this.messages = new QmpMessages(channel);
  }

  /**
   * Connects, is greeted and leaves negotiation mode.
   *
   * @param vm the VM's name, for messages
   * @param timeout for all three together
   */
  public static Qmp connect(String vm, Path socket, Duration timeout) throws QmpException {
    long deadline = System.nanoTime() + timeout.toNanos();
    SocketChannel channel;
    try {
      channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    } catch (IOException e) {
      throw new QmpException(QmpException.Kind.UNREACHABLE, where(vm, socket) + ": " + e);
    }
    Qmp qmp = new Qmp(vm, socket, channel);
    Thread.ofPlatform().daemon().name("qmp-" + vm).start(qmp::readAll);
    try {
      qmp.negotiate(timeout, deadline);
      return qmp;
    } catch (QmpException e) {
      qmp.close();
      throw e;
    }
  }

  private void negotiate(Duration timeout, long deadline) throws QmpException {
    JsonNode hello;
    try {
      hello = greeting.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new QmpException(
          QmpException.Kind.NO_GREETING,
          where(vm, socket)
              + ": no greeting within "
              + timeout.toMillis()
              + " ms. Another client holds this socket, or QEMU is stopped: close the other client"
              + " or give QEMU a second -qmp socket");
    } catch (ExecutionException e) {
      throw asQmp(e);
    } catch (InterruptedException e) {
      throw interrupted("connect");
    }
    version = QemuVersion.fromGreeting(hello);
    execute(
        "qmp_capabilities", Map.of(), Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
  }

  /** Like {@link #execute(String, Map, Duration)} without arguments. */
  public JsonNode execute(String command, Duration timeout) throws QmpException {
    return execute(command, Map.of(), timeout);
  }

  /**
   * Executes a command and waits for its answer.
   *
   * @param arguments values that Jackson can write
   * @return what QEMU returned, an empty object for most commands
   */
  public JsonNode execute(String command, Map<String, ?> arguments, Duration timeout)
      throws QmpException {
    long id = nextId.getAndIncrement();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    if (unanswered.size() >= UNANSWERED_MAX) {
      throw failure(
          QmpException.Kind.TIMED_OUT,
          command,
          UNANSWERED_MAX + " earlier commands are unanswered");
    }
    unanswered.put(id, answer);
    send(command, arguments, id);
    try {
      return checked(command, answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      throw failure(
          QmpException.Kind.TIMED_OUT, command, "no answer within " + timeout.toMillis() + " ms");
    } catch (ExecutionException e) {
      QmpException cause = asQmp(e);
      throw failure(cause.kind(), command, String.valueOf(cause.getMessage()));
    } catch (InterruptedException e) {
      throw interrupted(command);
    }
  }

  private void send(String command, Map<String, ?> arguments, long id) throws QmpException {
    writing.lock();
    try {
      messages.write(command, arguments, id);
    } catch (IOException e) {
      unanswered.remove(id);
      throw failure(
          QmpException.Kind.CLOSED, command, "QEMU has closed the connection (" + e + ")");
    } finally {
      writing.unlock();
    }
    QmpException end = ended.getNow(null);
    if (end != null) {
      // The reader may have failed everybody just before this command was put on the list.
      CompletableFuture<JsonNode> answer = unanswered.remove(id);
      if (answer != null) {
        answer.completeExceptionally(end);
      }
    }
  }

  private JsonNode checked(String command, JsonNode message) throws QmpException {
    JsonNode error = message.get("error");
    if (error == null) {
      return message.path("return");
    }
    throw new QmpException(
        QmpException.Kind.REFUSED,
        where(vm, socket) + ": " + command + ": " + error.path("desc").asText("error"),
        error.path("class").asText("GenericError"));
  }

  /** Calls {@code listener} for every event from now on, on the reading thread. */
  public Subscription onEvent(Consumer<QmpEvent> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /**
   * Starts to wait for the first event that matches. Call it before the command that causes the
   * event, so that the event cannot be missed.
   */
  public Expectation expect(Predicate<QmpEvent> matches) {
    return new Expectation(matches);
  }

  /** {@link #expect(Predicate)} by the event's name. */
  public Expectation expect(String event) {
    return expect(candidate -> candidate.name().equals(event));
  }

  /** QEMU's version, as its greeting told it. */
  public QemuVersion version() {
    return version;
  }

  /** Completes with the reason when the connection ends, also by {@link #close}. */
  public CompletableFuture<QmpException> ended() {
    return ended.copy();
  }

  /** Closes the connection; QEMU goes on and takes the next client. */
  @Override
  public void close() {
    end(new QmpException(QmpException.Kind.CLOSED, where(vm, socket) + ": closed by this agent"));
  }

  private void readAll() {
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      end(
          new QmpException(
              QmpException.Kind.UNREACHABLE,
              where(vm, socket) + ": cannot connect: " + e.getMessage() + ". Is QEMU running?"));
      return;
    }
    try {
      while (true) {
        handle(messages.read(), System.nanoTime());
      }
    } catch (JsonProcessingException | QmpMessages.MalformedMessage e) {
      end(
          new QmpException(
              QmpException.Kind.MALFORMED, where(vm, socket) + ": not QMP: " + e.getMessage()));
    } catch (IOException e) {
      end(
          new QmpException(
              QmpException.Kind.CLOSED,
              where(vm, socket) + ": QEMU has closed the connection: it has died or has quit"));
    } catch (RuntimeException | Error e) { // then the next one to ask connects anew
      LOG.error("VM {}: reading its monitor broke", vm, e);
      end(new QmpException(QmpException.Kind.CLOSED, where(vm, socket) + ": closed after " + e));
    }
  }

  private void handle(JsonNode message, long nanos) {
    if (message.has("event")) {
      deliver(event(message, nanos));
    } else if (message.has("QMP")) {
      greeting.complete(message);
    } else {
      CompletableFuture<JsonNode> answer = unanswered.remove(message.path("id").asLong(-1));
      if (answer != null) {
        answer.complete(message);
      }
    }
  }

  private static QmpEvent event(JsonNode message, long nanos) {
    JsonNode stamp = message.path("timestamp");
    long seconds = stamp.path("seconds").asLong(-1);
    long micros = seconds < 0 ? -1 : seconds * 1_000_000 + stamp.path("microseconds").asLong();
    JsonNode data = message.get("data");
    return new QmpEvent(
        message.get("event").asText(),
        data == null ? JsonNodeFactory.instance.objectNode() : data,
        micros,
        nanos);
  }

  private void deliver(QmpEvent event) {
    for (Consumer<QmpEvent> listener : listeners) {
      try {
        listener.accept(event);
      } catch (RuntimeException | Error e) {
        // One listener's bug must not end the monitor for everybody else.
        LOG.error("VM {}: a listener failed on {}", vm, event, e);
      }
    }
  }

  private void end(QmpException reason) {
    if (!ended.complete(reason)) {
      return;
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("VM {}: closing {}", vm, socket, e);
    }
    greeting.completeExceptionally(reason);
    for (Long id : List.copyOf(unanswered.keySet())) {
      CompletableFuture<JsonNode> answer = unanswered.remove(id);
      if (answer != null) {
        answer.completeExceptionally(reason);
      }
    }
  }

  private QmpException failure(QmpException.Kind kind, String command, String what) {
    String prefix = where(vm, socket);
    String detail = what.startsWith(prefix) ? what.substring(prefix.length() + 2) : what;
    return new QmpException(kind, prefix + ": " + command + ": " + detail);
  }

  private QmpException interrupted(String command) {
    Thread.currentThread().interrupt();
    return failure(
        QmpException.Kind.TIMED_OUT, command, "interrupted while waiting for the answer");
  }

  private static QmpException asQmp(ExecutionException e) {
    if (e.getCause() instanceof QmpException cause) {
      return cause;
    }
    throw new IllegalStateException(e);
  }

  private static String where(String vm, Path socket) {
    return "VM " + vm + ", QMP socket " + socket;
  }

  /** Ends a subscription to events. */
  @FunctionalInterface
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /** One awaited event. */
  public final class Expectation implements AutoCloseable {
    private final CompletableFuture<QmpEvent> found = new CompletableFuture<>();
    private final Subscription subscription;

    private Expectation(Predicate<QmpEvent> matches) {
      subscription =
          onEvent(
              event -> {
                if (matches.test(event)) {
                  found.complete(event);
                }
              });
    }

    /** Waits for the event, which may have come already; fails at once when QEMU dies. */
    public QmpEvent await(String what, Duration timeout) throws QmpException {
      try {
        CompletableFuture.anyOf(found, ended).get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        throw failure(
            QmpException.Kind.TIMED_OUT,
            "waiting for " + what,
            "no such event within " + timeout.toMillis() + " ms");
      } catch (ExecutionException e) {
        throw asQmp(e);
      } catch (InterruptedException e) {
        throw interrupted("waiting for " + what);
      }
      @Nullable QmpEvent event = found.getNow(null);
      if (event == null) {
        QmpException end = ended.join();
        throw failure(end.kind(), "waiting for " + what, String.valueOf(end.getMessage()));
      }
      return event;
    }

    @Override
    public void close() {
      subscription.close();
    }
  }
}
