/** The control plane of a migration: one state machine that carries out a placement change. */
@NullMarked
package org.smemv.migration;

import org.jspecify.annotations.NullMarked;
