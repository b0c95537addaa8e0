/** The only foreign-function code: the Linux system calls that S-memV stands on. */
@NullMarked
package org.smemv.linux;

import org.jspecify.annotations.NullMarked;
