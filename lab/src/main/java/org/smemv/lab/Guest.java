package org.smemv.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A running lab guest, spoken to over the network from the client's side. */
public final class Guest {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final String EXIT_MARK = "\nsmemv-exit=";

  /**
   * One HTTP request by bash, which every Debian has and which starts in a few milliseconds;
   * busybox's wget breaks where it was built with another C library than the machine's.
   */
  private static final String POST =
      """
      exec 3<>"/dev/tcp/$1/80" || exit 7
      body=$(cat)
      LC_ALL=C
      printf 'POST /cgi-bin/run HTTP/1.0\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "${#body}" "$body" >&3
      cat <&3
      """;

  private final LabPlace place;
  private final String address;

  Guest(LabPlace place, String address) {
    this.place = place;
    this.address = address;
  }

  /** Its IP address. */
  public String address() {
    return address;
  }

  /**
   * Runs a shell command in the guest.
   *
   * @return what it wrote, standard error included, without the last line's end
   * @throws LabException when the guest does not answer within 30 s or the command fails
   */
  public String run(String command) {
    return run(command, DEFAULT_TIMEOUT);
  }

  /** The same with another time-out. */
  public String run(String command, Duration timeout) {
    ExternalProgram.Result reply =
        ExternalProgram.of(place.command(List.of("bash", "-c", POST, "guest-run", address)))
            .withInput(command)
            .withTimeout(timeout)
            .run();
    String answer = reply.output().replace("\r\n", "\n");
    int body = answer.indexOf("\n\n");
    int mark = answer.lastIndexOf(EXIT_MARK);
    if (reply.exit() != 0 || body < 0 || mark < 0) {
      throw new LabException(
          "the guest %s does not answer: %s%s".formatted(address, reply.errors().strip(), answer));
    }
    String output = answer.substring(body + 2, Math.max(body + 2, mark)).stripTrailing();
    String exit = answer.substring(mark + EXIT_MARK.length()).strip();
    if (!exit.equals("0")) {
      throw new LabException(
          "'%s' in the guest ended with status %s: %s".formatted(command, exit, output));
    }
    return output;
  }

  /** Whether it runs commands now. */
  public boolean isReady() {
    try {
      return run("echo ready", Duration.ofSeconds(5)).equals("ready");
    } catch (LabException e) {
      return false;
    }
  }

  /**
   * Waits until it has booted.
   *
   * @throws LabException when it does not answer in that time
   */
  public void awaitReady(Duration timeout) {
    if (!Pause.until(timeout, this::isReady)) {
      throw new LabException(
          "the guest %s did not come up within %d s".formatted(address, timeout.toSeconds()));
    }
  }

  /**
   * What the memory checker found wrong, one line each: wrong contents, its end, or that it does
   * not run at all. An empty list means that it runs and has found nothing.
   */
  public List<String> stressErrors() {
    List<String> errors = new ArrayList<>();
    run("cat /var/log/stress.log 2>/dev/null || true")
        .lines()
        .filter(Guest::isComplaint)
        .forEach(errors::add);
    String exit = run("cat /run/stress.exit 2>/dev/null || true");
    if (!exit.isEmpty()) {
      errors.add("stress-ng ended with status " + exit);
    } else if (run("pidof stress-ng-vm || true").isEmpty()) {
      errors.add("no stress-ng runs");
    }
    return errors;
  }

  static boolean isComplaint(String line) {
    String lower = line.toLowerCase(Locale.ROOT);
    return lower.contains("fail") || lower.contains("error") || lower.contains("killed");
  }

  /**
   * Processor time that the memory checker has used so far, in hundredths of a second. It must
   * grow, or the absence of errors says nothing.
   */
  public long stressTicks() {
    return run("for p in $(pidof stress-ng-vm); do cat /proc/$p/stat; done")
        .lines()
        .map(stat -> stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1))
        .mapToLong(fields -> Long.parseLong(fields[11]) + Long.parseLong(fields[12]))
        .sum();
  }
}
