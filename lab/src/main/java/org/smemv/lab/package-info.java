/** Many hosts on one machine: namespaces, shaped links, a guest image, experiments. */
@NullMarked
package org.smemv.lab;

import org.jspecify.annotations.NullMarked;
