package org.smemv.paging;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A radix tree from page number to a 64-bit entry, 512 ways a node, as high as the highest page
 * needs (1 to 4 levels). Entry 0 means none. A node that becomes empty goes.
 *
 * <p>One thread at a time may {@link #set}; any number may {@link #get} meanwhile, without lock or
 * wait. A reader that walks a node which has just gone finds it empty, which is what it was.
 */
final class PageRadix {
  static final int WAY_BITS = 9;
  static final int WAYS = 1 << WAY_BITS;

  /** Heap of a node: its array with 8 bytes a way at most, two object headers and a count. */
  private static final long NODE_BYTES = WAYS * 8L + 48;

  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle CHILD = MethodHandles.arrayElementVarHandle(Node[].class);

  /** Either a leaf with entries or an inner node with children. */
  private static final class Node {
    final long[] entries;
    final @Nullable Node[] children;
    int used;

    Node(boolean leaf) {
      entries = leaf ? new long[WAYS] : NO_ENTRIES;
      children = leaf ? NO_CHILDREN : new Node[WAYS];
    }

    @Nullable Node child(int way) {
      return (Node) CHILD.getAcquire(children, way);
    }

    void child(int way, @Nullable Node child) {
      CHILD.setRelease(children, way, child);
    }
  }

  private static final long[] NO_ENTRIES = {};
  private static final @Nullable Node[] NO_CHILDREN = {};

  /** The top node with its height, so that a reader sees both or neither change. */
  private record Root(Node node, int height) {
    boolean covers(long page) {
      return page >>> (WAY_BITS * height) == 0;
    }
  }

  /** Takes what is found by {@link #forEach}. */
  interface Visitor {
    void visit(long page, long entry);
  }

  private volatile @Nullable Root root;
  private int nodes;

  /** The entry of a page; 0 when there is none. Any thread. */
  long get(long page) {
    Root top = root;
    if (top == null || !top.covers(page)) {
      return 0;
    }
    Node node = top.node;
    for (int level = top.height - 1; level > 0; level--) {
      node = node.child(way(page, level));
      if (node == null) {
        return 0;
      }
    }
    return (long) ENTRY.getAcquire(node.entries, way(page, 0));
  }

  /** Sets the entry of a page, 0 to remove it; returns the one before. Writer only. */
  long set(long page, long entry) {
    Root top = root;
    if (top == null || !top.covers(page)) {
      if (entry == 0) {
        return 0;
      }
      top = grow(top, page);
    }
    long before = set(top.node, top.height - 1, page, entry);
    if (top.node.used == 0) {
      nodes--;
      root = null;
    }
    return before;
  }

  private long set(Node node, int level, long page, long entry) {
    int way = way(page, level);
    if (level == 0) {
      long before = node.entries[way];
      ENTRY.setRelease(node.entries, way, entry);
      node.used += (entry == 0 ? 0 : 1) - (before == 0 ? 0 : 1);
      return before;
    }
    Node child = node.child(way);
    if (child == null) {
      if (entry == 0) {
        return 0;
      }
      child = newNode(level == 1);
      node.child(way, child);
      node.used++;
    }
    long before = set(child, level - 1, page, entry);
    if (child.used == 0) {
      node.child(way, null);
      node.used--;
      nodes--;
    }
    return before;
  }

  /** Puts as many nodes on top as the page needs. */
  private Root grow(@Nullable Root top, long page) {
    Root grown = top == null ? new Root(newNode(true), 1) : top;
    while (!grown.covers(page)) {
      Node above = newNode(false);
      if (grown.node.used > 0) {
        above.child(0, grown.node);
        above.used = 1;
        grown = new Root(above, grown.height + 1);
      } else {
        // Nothing is in the tree yet: start again, one level higher, with an empty top.
        nodes--;
        grown = new Root(above, grown.height + 1);
      }
    }
    root = grown;
    return grown;
  }

  private Node newNode(boolean leaf) {
    nodes++;
    return new Node(leaf);
  }

  private static int way(long page, int level) {
    return (int) (page >>> (WAY_BITS * level)) & WAYS - 1;
  }

  /** Levels of the tree; 0 when it is empty. */
  int height() {
    Root top = root;
    return top == null ? 0 : top.height;
  }

  /** Nodes in the tree. Writer only. */
  int nodes() {
    return nodes;
  }

  /** Heap that the nodes use, in bytes, with 8-byte references counted. Writer only. */
  long bytes() {
    return nodes * NODE_BYTES;
  }

  /** Visits every entry in order of page number. Writer only; the visitor must not change any. */
  void forEach(Visitor visitor) {
    Root top = root;
    if (top != null) {
      forEach(top.node, top.height - 1, 0, visitor);
    }
  }

  private static void forEach(Node node, int level, long firstPage, Visitor visitor) {
    for (int way = 0; way < WAYS; way++) {
      long page = firstPage | (long) way << (WAY_BITS * level);
      if (level == 0) {
        if (node.entries[way] != 0) {
          visitor.visit(page, node.entries[way]);
        }
      } else {
        Node child = node.child(way);
        if (child != null) {
          forEach(child, level - 1, page, visitor);
        }
      }
    }
  }

  /** The lowest page from {@code from} on that has an entry; -1 when there is none. Any thread. */
  long next(long from) {
    Root top = root;
    return top == null || !top.covers(from) ? -1 : next(top.node, top.height - 1, 0, from);
  }

  private static long next(Node node, int level, long firstPage, long from) {
    int shift = WAY_BITS * level;
    for (int way = (int) (Math.max(0, from - firstPage) >>> shift); way < WAYS; way++) {
      long page = firstPage | (long) way << shift;
      if (level == 0) {
        if ((long) ENTRY.getAcquire(node.entries, way) != 0) {
          return page;
        }
      } else {
        Node child = node.child(way);
        long found = child == null ? -1 : next(child, level - 1, page, from);
        if (found >= 0) {
          return found;
        }
      }
    }
    return -1;
  }

  /** Forgets everything. Writer only. */
  void clear() {
    root = null;
    nodes = 0;
  }
}
