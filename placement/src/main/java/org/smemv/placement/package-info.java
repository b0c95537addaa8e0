/**
 * Pure values and decisions about where pages live; no input or output.
 *
 * <p>Before a migration {@link org.smemv.placement.ShareSizes} works out how much each sub-host
 * must grant, and each host's {@link org.smemv.placement.MemoryLedger} grants it or does not. While
 * pages are copied {@link org.smemv.placement.HeatSplit} says, page by page, whether one goes to
 * the main host or to which sub-host. The unit of all of it is {@link
 * org.smemv.placement.PageSize}.
 */
@NullMarked
package org.smemv.placement;

import org.jspecify.annotations.NullMarked;
