package org.smemv.node.api;

/**
 * Is told what happens to a migration, by the thread that follows it. It may take its time: nobody
 * else waits for it, and progress that it has not come to see is left out.
 */
public interface MigrationFollower {
  /**
   * Something happened.
   *
   * @return false to end following
   */
  boolean happened(MigrationEvent event);

  /**
   * Nothing has happened that the follower does not know, now that following begins or for 10 s.
   *
   * @return false to end following
   */
  boolean quiet();
}
