/** What runs: the host agent, its HTTP API, QEMU's body and the smemv command. */
@NullMarked
package org.smemv.node;

import org.jspecify.annotations.NullMarked;
