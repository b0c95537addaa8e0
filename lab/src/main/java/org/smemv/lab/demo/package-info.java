/**
 * The whole of S-memV once, on one machine: a VM under load is split over three hosts, and every
 * byte that its clients get back is checked.
 */
@NullMarked
package org.smemv.lab.demo;

import org.jspecify.annotations.NullMarked;
