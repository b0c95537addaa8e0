package org.smemv.lab;

import java.time.Duration;
import java.util.List;

/** The lab as a client sees it that is on the same network as the hosts and the VMs. */
public final class ClientView {
  private final LabPlace place;

  ClientView(LabPlace place) {
    this.place = place;
  }

  LabPlace place() {
    return place;
  }

  /**
   * Runs a program in the client's network.
   *
   * @return its standard output
   * @throws LabException when it ends with a status other than 0, or not within 60 s
   */
  public String exec(String... program) {
    return ExternalProgram.of(place.command(List.of(program)))
        .withTimeout(Duration.ofSeconds(60))
        .output();
  }

  /**
   * The guest at an address.
   *
   * @param address such as {@code 10.77.1.10}; a prefix length is ignored
   */
  public Guest guest(String address) {
    return new Guest(place, address.replaceFirst("/.*", ""));
  }

  /** The guest that {@link GuestOptions#idle()} describes. */
  public Guest guest() {
    return guest(GuestOptions.DEFAULT_ADDRESS);
  }

  /** Starts a client of memcached beside the hosts. The caller closes it. */
  public RunningLoad startLoad(LoadPlan plan) {
    return RunningLoad.start(place, plan);
  }

  /** Whether something at this address answers one echo request within a second. */
  public boolean reaches(String address) {
    return place
            .exec(Duration.ofSeconds(5), List.of("busybox", "ping", "-c", "1", "-W", "1", address))
            .exit()
        == 0;
  }
}
