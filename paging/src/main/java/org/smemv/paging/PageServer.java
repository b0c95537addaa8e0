package org.smemv.paging;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.linux.SystemCallException;
import org.smemv.linux.TcpListener;
import org.smemv.linux.TcpSocket;

/**
 * The data port of a host: accepts the connections of other hosts, one platform thread each. What
 * the frames mean is up to its {@link Services}.
 */
public final class PageServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PageServer.class);
  private static final int BACKLOG = 128;

  /** After accept(2) failed for want of descriptors or memory, some may soon be free. */
  private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

  /**
   * What the server serves.
   *
   * @param holders finds the pages of a VM, and where its device stream goes
   * @param control answers requests of the control plane
   * @param addresses finds the data port of a host by its name, to pull pages from; throws {@link
   *     IllegalArgumentException} when there is none
   */
  public record Services(
      HolderDirectory holders,
      ControlHandler control,
      Function<String, InetSocketAddress> addresses) {
    /** Of a host that pulls from nobody. */
    public Services(HolderDirectory holders, ControlHandler control) {
      this(
          holders,
          control,
          host -> {
            throw new IllegalArgumentException("this host pulls pages from nobody");
          });
    }
  }

  /**
   * How the server behaves.
   *
   * @param hostName this host's name, for WELCOME
   * @param connectionsMax open connections at once; more are refused
   * @param timeout how long a peer may pause within a frame, and an old connection may take to end
   * @param keepAlive idle time after which the kernel asks whether a peer still lives
   * @param spin how long a FAULT connection looks for the next request before it sleeps
   */
  public record Options(
      String hostName, int connectionsMax, Duration timeout, Duration keepAlive, Duration spin) {
    /** What suits a host: 256 connections, 10 s, 15 s, 30 us. */
    public static Options of(String hostName) {
      return new Options(
          hostName, 256, Duration.ofSeconds(10), Duration.ofSeconds(15), Duration.ofNanos(30_000));
    }
  }

  private final TcpListener listener;
  private final Services services;
  private final Options options;
  private final ServerConnections connections;
  private final ServedPages served = new ServedPages();
  private final ThreadFactory threads;
  private final Thread acceptor;
  private volatile boolean closed;

  private PageServer(
      TcpListener listener, Services services, Options options, ThreadFactory threads) {
    this.threads = threads;
    this.listener = listener;
    this.services = services;
    this.options = options;
    this.connections = new ServerConnections(options.connectionsMax());
    this.acceptor = Thread.ofPlatform().name("page-server").daemon().unstarted(this::accept);
  }

  /**
   * A server that is bound to its address and serves nobody before {@link #begin}: callers wait.
   *
   * @param address where to listen; port 0 takes a free one
   * @throws SystemCallException EADDRINUSE or EADDRNOTAVAIL
   */
  public static PageServer bind(InetSocketAddress address, Services services, Options options) {
    return bind(address, services, options, Thread.ofPlatform().daemon().factory());
  }

  /**
   * As the other, with threads for the connections.
   *
   * @param threads makes daemons
   */
  static PageServer bind(
      InetSocketAddress address, Services services, Options options, ThreadFactory threads) {
    return new PageServer(TcpListener.bind(address, BACKLOG), services, options, threads);
  }

  /** A server that serves at once. */
  public static PageServer start(InetSocketAddress address, Services services, Options options) {
    return bind(address, services, options).begin();
  }

  /** Serves from now on. Called once. */
  public PageServer begin() {
    acceptor.start();
    return this;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return listener.address();
  }

  /** Connections that are open. */
  public int connections() {
    return connections.size();
  }

  /** The contents that went through it since it was started. */
  public ServedPages served() {
    return served;
  }

  /** Whether anybody is connected about a VM. */
  public boolean isConnected(UUID vm) {
    return !connections.of(vm).isEmpty();
  }

  /** Whether anybody is connected to bring a VM here. */
  public boolean isArriving(UUID vm) {
    return connections.of(vm).stream().anyMatch(ServerConnection::isForArrival);
  }

  /** Tells all connections for a VM to end; returns at once. */
  public EndingConnections disconnect(UUID vm) {
    return new EndingConnections(connections.of(vm));
  }

  private void accept() {
    while (!closed) {
      try {
        TcpSocket socket = listener.accept();
        if (socket == null) {
          return;
        }
        serve(socket);
      } catch (Throwable e) {
        // Also an Error, as when no thread can be made: a host that is deaf for good is worse.
        LOG.warn("cannot accept a connection: {}", String.valueOf(e));
        pause();
      }
    }
  }

  private void serve(TcpSocket socket) {
    try {
      socket.noDelay();
      socket.keepAlive(options.keepAlive());
      socket.readTimeout(options.timeout());
      socket.writeTimeout(options.timeout());
    } catch (SystemCallException e) {
      socket.close();
      throw e;
    }
    open(socket);
  }

  private void open(TcpSocket socket) {
    ServerConnection connection = connection(socket);
    String name = "page-" + socket.peer().getPort();
    if (connections.add(connection)) {
      start(connection, name);
    } else {
      String limit = options.hostName() + " has " + options.connectionsMax() + " connections";
      connection.refuse("host " + limit + ", which is its limit");
    }
  }

  private ServerConnection connection(TcpSocket socket) {
    try {
      return new ServerConnection(
          PageTransport.over(socket), services, options, connections, served);
    } catch (Throwable e) { // no memory for its buffers
      socket.close();
      throw e;
    }
  }

  /** A connection that gets no thread must not count as open, nor keep its socket. */
  private void start(ServerConnection connection, String name) {
    try {
      Thread thread = threads.newThread(connection);
      thread.setName(name);
      thread.start();
    } catch (Throwable e) {
      connection.abandon();
      throw e;
    }
  }

  private static void pause() {
    try {
      Thread.sleep(ACCEPT_PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops listening, ends all connections and waits for them. */
  @Override
  public void close() {
    closed = true;
    listener.shutdown();
    try {
      acceptor.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!new EndingConnections(connections.all()).await(options.timeout())) {
      LOG.warn("some connections did not end within {}", options.timeout());
    }
    listener.close();
  }
}
