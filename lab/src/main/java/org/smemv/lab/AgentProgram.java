package org.smemv.lab;

import java.util.List;

/** What runs on every host of a lab. */
public interface AgentProgram {
  /** Whatever can be done before, once, to have agents start quickly. */
  default void prepare() {}

  /** The command that becomes the agent of that host; it must stay in the foreground. */
  List<String> command(HostPlan host);

  /** Whether the agent of that host can be used already. Asked repeatedly after its start. */
  boolean answers(HostPlan host);

  /** The agent of this build. */
  static AgentProgram ofThisBuild() {
    return new JavaAgentProgram();
  }
}
