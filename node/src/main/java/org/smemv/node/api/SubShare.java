package org.smemv.node.api;

import org.smemv.placement.Name;

/**
 * A sub-host of a migration.
 *
 * @param host its name
 * @param bytes the most it may get, whole pages; 0 lets its free memory decide
 */
public record SubShare(String host, long bytes) {
  public SubShare {
    Name.require("sub-host", host);
    if (bytes != 0) {
      RequestCheck.pages("size for sub-host " + host, bytes);
    }
  }
}
