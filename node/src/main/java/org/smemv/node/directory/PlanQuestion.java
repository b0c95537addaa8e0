package org.smemv.node.directory;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.smemv.node.api.PlanWish;
import org.smemv.placement.FleetHost;
import org.smemv.placement.Name;
import org.smemv.placement.PageSize;
import org.smemv.placement.PlacementWish;

/**
 * What an agent asks the directory on its data port: where to put something that is to leave its
 * host. JSON in a CONTROL frame, with {@code planOf} first, which tells it from a heartbeat.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "planOf")
@JsonSubTypes({
  @JsonSubTypes.Type(value = PlanQuestion.OfVm.class, name = "vm"),
  @JsonSubTypes.Type(value = PlanQuestion.OfShare.class, name = "share"),
})
public sealed interface PlanQuestion {
  /** How each of them begins. */
  String BEGINNING = "{\"planOf\"";

  /** A VM. */
  record OfVm(PlanWish wish) implements PlanQuestion {
    public OfVm {
      need("wish", wish);
    }
  }

  /**
   * The part of a VM that a sub-host holds, for one or more new sub-hosts.
   *
   * @param bytes that they must grant, whole pages
   * @param from the host that it leaves
   * @param exclude hosts that have a part of the VM already
   * @param linkPart as in a {@link PlanWish}
   */
  record OfShare(String vm, long bytes, String from, List<String> exclude, double linkPart)
      implements PlanQuestion {
    private static final int HOSTS_MAX = 1024;

    public OfShare {
      Name.require("VM", vm);
      Name.require("host", from);
      need("list of excluded hosts", exclude);
      if (bytes < PageSize.BYTES || bytes > FleetHost.BYTES_MAX || bytes % PageSize.BYTES != 0) {
        throw new IllegalArgumentException(
            "share of %d bytes: whole pages up to 16 TiB are possible".formatted(bytes));
      }
      PlacementWish.checkLinkPart(linkPart);
      if (exclude.size() > HOSTS_MAX) {
        throw new IllegalArgumentException(
            exclude.size() + " excluded hosts: " + HOSTS_MAX + " is the limit");
      }
      exclude = List.copyOf(exclude);
      exclude.forEach(host -> Name.require("excluded host", host));
    }
  }

  private static void need(String what, @Nullable Object given) {
    if (given == null) {
      throw new IllegalArgumentException("a question for a plan lacks its " + what);
    }
  }
}
