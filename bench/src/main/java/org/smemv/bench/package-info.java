/** Benchmarks that print tables of ratios against something else in the same run. */
@NullMarked
package org.smemv.bench;

import org.jspecify.annotations.NullMarked;
