/**
 * Benchmarks that print tables of ratios against something else, measured in turn in the same run:
 * a figure alone says more about the machine than about the program.
 *
 * <p>{@link org.smemv.bench.PageServerBench} compares the page server with memcached, {@link
 * org.smemv.bench.FaultBench} a remote page fault with a bare round trip of one page over the same
 * link, {@link org.smemv.bench.MigrationBench} a split migration with one of stock QEMU to a host
 * with enough memory. What runs on either side is a process of its own.
 */
@NullMarked
package org.smemv.bench;

import org.jspecify.annotations.NullMarked;
