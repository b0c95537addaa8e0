package org.smemv.paging;

import java.util.UUID;
import java.util.function.IntConsumer;

/**
 * Stands before a store, and has the test called with the number of pages before any are read.
 *
 * @param reading is given how many pages one request is for
 */
record WatchedHolder(PageHolder store, IntConsumer reading) implements PageHolder {
  @Override
  public UUID vm() {
    return store.vm();
  }

  @Override
  public void admit(long epoch) {
    store.admit(epoch);
  }

  @Override
  public void admitReader(long epoch) {
    store.admitReader(epoch);
  }

  @Override
  public void prepare(PageBatch put) {
    store.prepare(put);
  }

  @Override
  public void publish(PageBatch put) {
    store.publish(put);
  }

  @Override
  public void publishMissing(PageBatch put) {
    store.publishMissing(put);
  }

  @Override
  public void look(PageBatch pages) {
    store.look(pages);
  }

  @Override
  public long list(long first, int max, PageBatch into) {
    return store.list(first, max, into);
  }

  @Override
  public void abandon(PageBatch put) {
    store.abandon(put);
  }

  @Override
  public void find(PageBatch get, int from) {
    reading.accept(get.size() - from);
    store.find(get, from);
  }

  @Override
  public void release(PageBatch get) {
    store.release(get);
  }

  @Override
  public void drop(PageBatch pages) {
    store.drop(pages);
  }

  @Override
  public void place(PageBatch pages) {
    store.place(pages);
  }
}
