package org.smemv.lab;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * A monitor of a lab's QEMU beside the agent's own, for what a person might type. QEMU's main loop
 * executes the commands.
 */
final class HumanMonitor implements AutoCloseable {
  /** For QEMU; the socket is in the VM's directory on whatever host it runs. */
  static final List<String> ARGUMENTS = List.of("-monitor", "unix:monitor,server=on,wait=off");

  private static final String PROMPT = "(qemu) ";
  private static final Duration ANSWERS = Duration.ofMinutes(2);

  private final SocketChannel channel;

  private HumanMonitor(SocketChannel channel) {
    this.channel = channel;
  }

  static HumanMonitor of(LabHost host, String vm) throws IOException {
    Path socket = host.plan().folder().resolve("state/vms").resolve(vm).resolve("monitor");
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.configureBlocking(false);
      HumanMonitor monitor = new HumanMonitor(channel);
      monitor.awaitPrompt();
      return monitor;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Has QEMU begin with a command. */
  void begin(String command) throws IOException {
    channel.write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.US_ASCII)));
  }

  /** Waits until QEMU is ready for the next command. */
  void awaitPrompt() {
    StringBuilder said = new StringBuilder();
    Awaitility.await("QEMU's monitor answers").atMost(ANSWERS).until(() -> hears(said));
  }

  private boolean hears(StringBuilder said) throws IOException {
    ByteBuffer some = ByteBuffer.allocate(4096);
    if (channel.read(some) < 0) {
      throw new IOException("QEMU closed its monitor: " + said);
    }
    said.append(new String(some.array(), 0, some.position(), StandardCharsets.US_ASCII));
    return said.indexOf(PROMPT) >= 0;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
