/**
 * Many hosts on one machine: network namespaces with shaped links and memory limits, an agent in
 * each, a guest to move between them and a client that finds every wrong byte.
 *
 * <p>{@link org.smemv.lab.Lab} makes and removes it all. Everything has a name that only a lab
 * gives and is written down before it is made, so what one process started another can use, and
 * what a crash left another can remove. {@link org.smemv.lab.GuestImage} builds what a guest boots
 * from, {@link org.smemv.lab.Guest} talks to it, {@link org.smemv.lab.RunningLoad} keeps it busy
 * and {@link org.smemv.lab.StockQemu} runs it in the conventional way, to compare with.
 *
 * <p>A lab tells the truth about protocols, failures and limits, and about time only as far as its
 * hosts, which share one machine's processors, let it.
 */
@NullMarked
package org.smemv.lab;

import org.jspecify.annotations.NullMarked;
