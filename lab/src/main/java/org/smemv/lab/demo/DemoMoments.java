package org.smemv.lab.demo;

/**
 * When things happened, in milliseconds by the machine's clock, which the client's summary uses
 * too.
 *
 * @param begun the migration was asked for
 * @param copying the last time that the VM was known to run at its source
 * @param ended the migration was known to be over
 * @param end the load was stopped
 */
record DemoMoments(long begun, long copying, long ended, long end) {}
