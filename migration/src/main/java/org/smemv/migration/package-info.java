/**
 * The control plane of a migration: one state machine that carries out a placement change.
 *
 * <p>{@link org.smemv.migration.Migration} is the whole sequence, from the reservation on every
 * target to the release at the source. What a target can be asked is {@link
 * org.smemv.migration.HostControl}, the VM at its source is {@link org.smemv.migration.BodySource}:
 * both are interfaces, so that the same machine runs in an agent and in tests with hosts that fail
 * at a chosen step. {@link org.smemv.migration.MigrationPlan} is checked before anybody is asked;
 * {@link org.smemv.migration.Convergence} judges from the rounds whether the copying gets anywhere.
 */
@NullMarked
package org.smemv.migration;

import org.jspecify.annotations.NullMarked;
