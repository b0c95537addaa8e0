package org.smemv.node.command;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.PlanWish;
import picocli.CommandLine.Option;

/** What the directory is to heed when it chooses the hosts of a VM. */
final class AutoOptions {
  @Option(
      names = "--auto",
      description =
          "Have the directory choose: the main host, unless --main names it, and the fewest"
              + " sub-hosts.")
  private boolean auto;

  @Option(
      names = "--exclude",
      paramLabel = "H",
      description = "With --auto, a host that gets nothing. May be repeated.")
  private List<String> exclude = List.of();

  @Option(
      names = "--anti-affinity",
      paramLabel = "LABEL",
      description =
          "With --auto, keep away from hosts with this label, or with a part of the VM of this"
              + " name. May be repeated.")
  private List<String> antiAffinity = List.of();

  @Option(
      names = "--working-set",
      paramLabel = "SIZE",
      converter = SizeConverter.class,
      description = "With --auto, how much of its memory the main host must hold.")
  private long workingSet;

  @Option(
      names = "--max-subs",
      paramLabel = "N",
      description = "With --auto, the most sub-hosts; 64 if left out.")
  private int maxSubs;

  @Option(
      names = "--fast",
      description =
          "With --auto, leave the host as fast as its link allows: over so many hosts that together"
              + " they take what it gives. What sub-hosts have of the VM stays there.")
  private boolean fast;

  boolean isWanted() {
    return auto;
  }

  /** Refuses what belongs to the other way of choosing. */
  void check(@Nullable String main, long mainMemory, boolean subs) {
    boolean details =
        !exclude.isEmpty() || !antiAffinity.isEmpty() || workingSet != 0 || maxSubs != 0 || fast;
    if (!auto && details) {
      throw new IllegalArgumentException(
          "--exclude, --anti-affinity, --working-set, --max-subs and --fast are for --auto");
    }
    if (auto && (mainMemory != 0 || subs)) {
      throw new IllegalArgumentException(
          "--auto chooses the sub-hosts and the memory on each: leave out --main-memory and --sub");
    }
    if (!auto && main == null && mainMemory == 0 && !subs) {
      throw new IllegalArgumentException(
          "--main is needed, or --auto to have it chosen; or --main-memory or --sub, to have the VM"
              + " stay and only its memory placed anew");
    }
  }

  PlanWish wish(String vm, @Nullable String main) {
    return new PlanWish(vm, main, exclude, antiAffinity, workingSet, maxSubs, false, fast ? 1 : 0);
  }
}
