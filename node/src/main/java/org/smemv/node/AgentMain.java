package org.smemv.node;

/** The host agent as the command starts it, found by {@link java.util.ServiceLoader}. */
public interface AgentMain {
  /**
   * Runs until the agent is told to end.
   *
   * @throws Exception when it cannot start; the message is for the operator
   */
  void run(AgentOptions options) throws Exception;
}
