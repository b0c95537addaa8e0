package org.smemv.lab;

/**
 * The lab could not do what it was asked. The message is a sentence for the operator: what failed,
 * where, and what to do about it.
 */
public class LabException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the sentence for the operator. */
  public LabException(String message) {
    super(message);
  }

  /** With the sentence for the operator and what lies beneath. */
  public LabException(String message, Throwable cause) {
    super(message, cause);
  }
}
