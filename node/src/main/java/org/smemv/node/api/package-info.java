/**
 * What an operator can ask a host, as data: requests, reports and errors, and how they travel as
 * HTTP and JSON over the host's Unix socket or its loopback interface.
 *
 * <p>{@link org.smemv.node.api.HostOperations} is the whole list of operations. {@link
 * org.smemv.node.api.ApiServer} offers an implementation of it, {@link
 * org.smemv.node.api.ApiClient} is one that asks another process. Requests validate themselves when
 * they are made, on both sides. {@code openapi.json} describes all of it.
 */
@NullMarked
package org.smemv.node.api;

import org.jspecify.annotations.NullMarked;
