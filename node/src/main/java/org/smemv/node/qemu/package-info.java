/**
 * QEMU as this project sees it: an unmodified process with one RAM file and a QMP socket.
 *
 * <p>The story in order: a {@link org.smemv.node.qemu.QemuSpec} says what a VM is, the same on
 * every host; {@link org.smemv.node.qemu.QemuCommandLine} turns it into arguments for one host;
 * {@link org.smemv.node.qemu.QemuBody} starts and stops the process and finds it again after the
 * agent was restarted; {@link org.smemv.node.qemu.Qmp} talks to it; {@link
 * org.smemv.node.qemu.QemuInspection} decides whether the memory of a running QEMU can be taken
 * over.
 */
@NullMarked
package org.smemv.node.qemu;

import org.jspecify.annotations.NullMarked;
