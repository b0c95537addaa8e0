package org.smemv.paging;

/**
 * A QEMU's memory could not be taken over. The message names the process, the reason and the
 * remedy.
 */
public final class AttachException extends Exception {
  private static final long serialVersionUID = 1L;

  AttachException(String message) {
    super(message);
  }

  AttachException(String message, Throwable cause) {
    super(message, cause);
  }
}
