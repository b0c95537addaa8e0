package org.smemv.bench;

/** One connection of a benchmark to a server that keeps pages. One thread. */
interface PageClient extends AutoCloseable {
  /**
   * Stores pages {@code first} to {@code end}-1 and waits until all are stored.
   *
   * @param batch pages in one request, or sent together where a request holds only one
   * @param window requests under way at once
   */
  void put(long first, long end, int batch, int window);

  /** Gets the same pages and looks at each. */
  void get(long first, long end, int batch, int window);

  /** As {@link #get}, but where a protocol can ask for one page only, in one request each. */
  void getEach(long first, long end, int batch, int window);

  @Override
  void close();
}
