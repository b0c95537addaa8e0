package org.smemv.paging;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.smemv.linux.JavaCommand;

/** The pager of one VM in a process of its own, so that a test can kill it at any instant. */
final class PagerProcess implements AutoCloseable {
  private final Process process;

  PagerProcess(long guestPid, Path ram, Path table, long epoch, List<InetSocketAddress> subHosts)
      throws IOException {
    List<String> command =
        JavaCommand.of(
            PagerProcess.class,
            List.of("-Xmx64m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
            guestPid,
            ram,
            table,
            epoch);
    subHosts.forEach(address -> command.add(Integer.toString(address.getPort())));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String line = process.inputReader(StandardCharsets.UTF_8).readLine();
    if (!"ready".equals(line)) {
      throw new IOException("the pager did not start: " + line);
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Asks how many pages were evicted and how many writes came late, since this pager started. */
  long[] counts() throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
    String[] words = process.inputReader(StandardCharsets.UTF_8).readLine().split(" ", -1);
    return new long[] {Long.parseLong(words[0]), Long.parseLong(words[1])};
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The pager itself. */
  public static void main(String[] arguments) throws Exception {
    PageTable table = PageTable.open(Path.of(arguments[2]));
    GuestAttachment attachment =
        GuestAttachment.attach(Long.parseLong(arguments[0]), Path.of(arguments[1]), table);
    UUID vm = table.vm();
    SubHosts hosts = new SubHosts(vm, Long.parseLong(arguments[3]), "main");
    for (int i = 4; i < arguments.length; i++) {
      InetSocketAddress address =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[i]));
      hosts.add(new SubHost.Identity(i - 4, "s" + i, address), table.pages());
    }
    GuestPager pager =
        new GuestPager(
            attachment,
            hosts,
            Duration.ofNanos(50_000),
            failure -> {
              failure.printStackTrace();
              Runtime.getRuntime().halt(3);
            });
    pager.recover();
    pager.serveFaults();
    pager.keepWithinLimit();
    System.out.println("ready");
    while (System.in.read() >= 0) {
      System.out.println(pager.evictions().evicted() + " " + pager.evictions().lateWrites());
    }
    Runtime.getRuntime().halt(0);
  }
}
