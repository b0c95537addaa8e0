package org.smemv.bench;

import org.smemv.node.command.SmemvTask;

/** A benchmark that tells what it is doing beside its table. */
abstract class BenchTask extends SmemvTask {
  final void progress(String text) {
    commandLine().getErr().println(text);
    commandLine().getErr().flush();
  }
}
