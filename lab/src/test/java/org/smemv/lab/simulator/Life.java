package org.smemv.lab.simulator;

/** The life of one agent process: what it had in memory and was doing ends with it. */
final class Life {
  /** Ends whatever a dead agent was doing. An error, as nothing but {@link Task} catches it. */
  static final class AgentDied extends Error {
    private static final long serialVersionUID = 1L;

    AgentDied() {
      super("the agent died", null, false, false);
    }
  }

  private boolean over;

  void end() {
    over = true;
  }

  boolean isOver() {
    return over;
  }

  /** Nothing is done any more on behalf of a dead agent. */
  void check() {
    if (over) {
      throw new AgentDied();
    }
  }
}
