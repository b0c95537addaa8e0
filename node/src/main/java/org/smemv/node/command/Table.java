package org.smemv.node.command;

import java.util.ArrayList;
import java.util.List;

/** Aligned columns: text to the left, numbers (columns named with a leading {@code >}) right. */
public final class Table {
  private static final String GAP = "  ";

  private final List<String> columns = new ArrayList<>();
  private final List<Boolean> right = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  public Table(String... headings) {
    for (String heading : headings) {
      boolean alignRight = heading.startsWith(">");
      right.add(alignRight);
      columns.add(alignRight ? heading.substring(1) : heading);
    }
  }

  /** Adds a row with one cell a column. */
  public Table row(Object... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(cells.length + " cells in " + columns.size() + " columns");
    }
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
    return this;
  }

  /** All lines, the headings first. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(line(columns));
    rows.forEach(row -> lines.add(line(row)));
    return lines;
  }

  private String line(List<String> row) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < row.size(); column++) {
      String cell = row.get(column);
      String padding = " ".repeat(width(column) - cell.length());
      line.append(column == 0 ? "" : GAP);
      line.append(right.get(column) ? padding + cell : cell + padding);
    }
    return line.toString().stripTrailing();
  }

  private int width(int column) {
    int width = columns.get(column).length();
    for (List<String> row : rows) {
      width = Math.max(width, row.get(column).length());
    }
    return width;
  }
}
