package org.smemv.migration;

/** Ends a migration before its commit: what is left is not done any more. */
final class GivenUp extends Exception {
  private static final long serialVersionUID = 1L;

  GivenUp(String reason) {
    super(reason);
  }
}
