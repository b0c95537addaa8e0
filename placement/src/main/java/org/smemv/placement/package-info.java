/** Pure values and decisions about where pages live; no input or output. */
@NullMarked
package org.smemv.placement;

import org.jspecify.annotations.NullMarked;
