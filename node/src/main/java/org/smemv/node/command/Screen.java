package org.smemv.node.command;

import java.io.PrintWriter;
import org.smemv.node.api.ApiError;
import org.smemv.node.api.Json;

/**
 * Where a command's answer goes: text for people, or one JSON value a line on standard output.
 * Warnings and errors for people always go to standard error.
 */
public final class Screen {
  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean json;

  /**
   * A screen.
   *
   * @param json whether data is wanted, and no text
   */
  public Screen(PrintWriter out, PrintWriter err, boolean json) {
    this.out = out;
    this.err = err;
    this.json = json;
  }

  /** Whether data is wanted. */
  public boolean json() {
    return json;
  }

  /** Prints a line of text; nothing when data is wanted. */
  public void line(String text) {
    if (!json) {
      out.println(text);
      out.flush();
    }
  }

  /** Prints text without ending the line. */
  void text(String text) {
    if (!json) {
      out.print(text);
      out.flush();
    }
  }

  /** Prints a value as one line of JSON when data is wanted. */
  public void data(Object value) {
    if (json) {
      out.println(Json.write(value));
      out.flush();
    }
  }

  /** Something the user should know that does not change the answer. */
  public void warn(String text) {
    err.println("smemv: warning: " + text);
    err.flush();
  }

  /** The reason why a command failed. */
  void error(ApiError error) {
    data(error);
    err.println("smemv: " + error.message());
    err.flush();
  }
}
