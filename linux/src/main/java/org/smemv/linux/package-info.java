/**
 * The only foreign-function code: the Linux system calls that S-memV stands on, each as a small
 * class with the layouts and numbers of its header file.
 *
 * <p>{@link org.smemv.linux.ForeignSystemCalls} makes a thread of QEMU open a {@link
 * org.smemv.linux.UserFaultFd} and a {@link org.smemv.linux.Pipe} there; {@link
 * org.smemv.linux.PidFd} brings them here. From then on missing pages are reported and filled
 * through the first, {@link org.smemv.linux.Pagemap} tells which were written, and {@link
 * org.smemv.linux.MemoryFile} reads, splices and punches the file behind them, which lies on a
 * {@link org.smemv.linux.MemoryMount}. {@link org.smemv.linux.TcpSocket} and {@link
 * org.smemv.linux.Poll} carry frames without a copy.
 *
 * <p>A call that fails is a {@link org.smemv.linux.SystemCallException} that names the call, its
 * arguments and the {@link org.smemv.linux.Errno}. What is part of normal work, such as a page that
 * is there already, is a returned value. Addresses of another process are plain {@code long}s.
 */
@NullMarked
package org.smemv.linux;

import org.jspecify.annotations.NullMarked;
