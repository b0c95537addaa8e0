package org.smemv.lab;

import java.util.List;

/** In the place of an agent where only the lab itself is tested. */
class SleepingAgent implements AgentProgram {
  @Override
  public List<String> command(HostPlan host) {
    return List.of("sleep", "1000");
  }

  @Override
  public boolean answers(HostPlan host) {
    return true;
  }
}
