/** The data plane: page faults, remote paging, the page server and the wire between them. */
@NullMarked
package org.smemv.paging;

import org.jspecify.annotations.NullMarked;
