package org.smemv.paging;

import org.jspecify.annotations.Nullable;

/**
 * How far the pages of a leaving sub-host have gone elsewhere.
 *
 * @param host its index
 * @param name its name
 * @param remaining pages that it still has, copies that are still to be dropped among them
 * @param gathered pages that came to the main host in the background; faults are not counted
 * @param relocated pages that went to other sub-hosts
 * @param bytes contents of the pages that were gathered and relocated
 * @param drained true when no entry of the page table names it any more
 * @param stalled why nothing moves at the moment; null when something does, or all is done
 */
public record DrainProgress(
    int host,
    String name,
    long remaining,
    long gathered,
    long relocated,
    long bytes,
    boolean drained,
    @Nullable String stalled) {}
