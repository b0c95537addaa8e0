package org.smemv.node.api;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.smemv.placement.Name;
import org.smemv.placement.PlacementWish;

/**
 * Asks the directory to choose hosts for a VM.
 *
 * @param vm its name
 * @param main the main host, if it is not to be chosen
 * @param exclude hosts that get nothing; may be null
 * @param antiAffinity labels of hosts, or names of VMs, to keep apart from; may be null
 * @param workingSetBytes what the main host must hold, whole pages; 0 to go by what is known
 * @param maxSubs the most sub-hosts, 1 to 64; 0 means 64
 * @param fresh wait until all hosts have told their figures anew, 2 s or so
 * @param linkPart 0 for as few hosts as possible; over 0 to 1: it is to leave fast, on so many
 *     hosts that they take this part of what its host's link gives, and what other hosts hold of it
 *     stays there
 */
public record PlanWish(
    String vm,
    @Nullable String main,
    @Nullable List<String> exclude,
    @Nullable List<String> antiAffinity,
    long workingSetBytes,
    int maxSubs,
    boolean fresh,
    double linkPart) {
  private static final int NAMES_MAX = 1024;
  private static final int SUBS_MAX = 64;

  public PlanWish {
    Name.require("VM name", vm);
    if (main != null) {
      Name.require("main host", main);
    }
    exclude = names("excluded host", exclude);
    antiAffinity = names("anti-affinity label", antiAffinity);
    if (main != null && exclude.contains(main)) {
      throw new IllegalArgumentException("host " + main + " is both wanted and excluded");
    }
    if (workingSetBytes != 0) {
      RequestCheck.pages("working set", workingSetBytes);
    }
    maxSubs = maxSubs == 0 ? SUBS_MAX : maxSubs;
    RequestCheck.range("max subs", maxSubs, 1, SUBS_MAX, "sub-hosts");
    PlacementWish.checkLinkPart(linkPart);
  }

  private static List<String> names(String what, @Nullable List<String> names) {
    List<String> all = names == null ? List.of() : names;
    if (all.size() > NAMES_MAX) {
      throw new IllegalArgumentException(
          all.size() + " times " + what + ": " + NAMES_MAX + " is the limit");
    }
    all.forEach(name -> Name.require(what, name));
    return List.copyOf(new HashSet<>(all).stream().sorted().toList());
  }

  /** The hosts that get nothing; never null. */
  public List<String> excluded() {
    return Objects.requireNonNull(exclude);
  }

  /** The labels to keep apart from; never null. */
  public List<String> apartFrom() {
    return Objects.requireNonNull(antiAffinity);
  }

  /** The same, with fresh figures. */
  public PlanWish again() {
    return new PlanWish(vm, main, exclude, antiAffinity, workingSetBytes, maxSubs, true, linkPart);
  }
}
