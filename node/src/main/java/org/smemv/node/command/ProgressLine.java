package org.smemv.node.command;

import java.io.Console;
import java.io.IOException;
import java.util.Optional;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.smemv.node.api.MigrationReport;

/** A line that is redrawn in place on a terminal, and a new line each time elsewhere. */
final class ProgressLine {
  private static final int PLAIN_WIDTH = 100;
  private static final int NARROWEST = 40;

  private final Screen screen;
  private final int width;
  private final boolean live;
  private boolean drawn;

  private ProgressLine(Screen screen, int width, boolean live) {
    this.screen = screen;
    this.width = width;
    this.live = live;
  }

  static ProgressLine of(Screen screen) {
    boolean terminal = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    if (screen.json() || !terminal) {
      return new ProgressLine(screen, PLAIN_WIDTH, false);
    }
    return new ProgressLine(screen, terminalWidth(), true);
  }

  private static int terminalWidth() {
    try (Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).build()) {
      return Math.max(NARROWEST, terminal.getColumns());
    } catch (IOException e) {
      return PLAIN_WIDTH;
    }
  }

  /** Whether it is redrawn in place. */
  boolean live() {
    return live;
  }

  void show(MigrationReport report) {
    String line = MigrationText.progress(report, live ? width - 1 : width);
    if (live) {
      screen.text("\r" + line + "\u001b[K");
      drawn = true;
    } else {
      screen.line(line);
    }
  }

  /** Leaves the last state standing. */
  void end() {
    if (drawn) {
      screen.line("");
    }
  }
}
