package org.smemv.lab;

import java.util.ArrayList;
import java.util.List;

/** This build's agent, whose reservations lapse after seconds, so that a test can wait for it. */
final class HastyAgent implements AgentProgram {
  private final AgentProgram agent = AgentProgram.ofThisBuild();

  @Override
  public List<String> command(HostPlan host) {
    List<String> command = new ArrayList<>(agent.command(host));
    command.add(1, "-Dsmemv.reservation.lapse.seconds=10");
    return command;
  }

  @Override
  public boolean answers(HostPlan host) {
    return agent.answers(host);
  }
}
