/**
 * The data plane: page faults, eviction, the page server, the copying of a VM, and the wire between
 * them.
 *
 * <p>On a main host {@link org.smemv.paging.GuestAttachment} holds on to QEMU's memory and {@link
 * org.smemv.paging.GuestPager} puts the rest together: the fault loop asks sub-hosts for missing
 * pages, one thread from the fault to the installed page; the evictor finds cold pages and takes
 * them out without stopping the guest's writers; {@link org.smemv.paging.SubHosts} keeps the
 * connections. Where a page is stands in the {@link org.smemv.paging.PageTable}, which outlives the
 * agent; after a crash the table, the RAM file and a pipe inside QEMU are made to agree again.
 *
 * <p>A sub-host that is to be emptied has a {@link org.smemv.paging.ShareDrain}: its pages come to
 * the main host ({@link org.smemv.paging.PageGatherer}) or are fetched by other sub-hosts ({@link
 * org.smemv.paging.PageRelocation}, {@link org.smemv.paging.PagePuller}).
 *
 * <p>On a sub-host {@link org.smemv.paging.PageServer} answers frames from a {@link
 * org.smemv.paging.PageStore} for each VM. On a host that a VM moves to, {@link
 * org.smemv.paging.IncomingMemory} takes their place. On the host that it leaves, {@link
 * org.smemv.paging.OutgoingMemory} sends every page to its target, in rounds, or leaves it there;
 * then {@link org.smemv.paging.LeftMemory} serves it.
 *
 * <p>{@link org.smemv.paging.PageFrame} is the wire format, {@link org.smemv.paging.PageLink} the
 * asking side of a connection. Nothing on the path of a fault allocates, locks or logs.
 */
@NullMarked
package org.smemv.paging;

import org.jspecify.annotations.NullMarked;
