package org.smemv.node.agent;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostControl;
import org.smemv.migration.HostException;
import org.smemv.migration.ReservationCheck;
import org.smemv.node.api.HostReport;
import org.smemv.node.directory.Heartbeat;
import org.smemv.placement.Name;
import org.smemv.placement.PlacementWish;

/** What one host's agent asks another's, as JSON in a CONTROL frame. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "ask")
@JsonSubTypes({
  @JsonSubTypes.Type(value = HostRequest.Describe.class, name = "describe"),
  @JsonSubTypes.Type(value = HostRequest.Beat.class, name = "beat"),
  @JsonSubTypes.Type(value = HostRequest.Reserve.class, name = "reserve"),
  @JsonSubTypes.Type(value = HostRequest.Prepare.class, name = "prepare"),
  @JsonSubTypes.Type(value = HostRequest.ExpectRest.class, name = "expect-rest"),
  @JsonSubTypes.Type(value = HostRequest.Keep.class, name = "keep"),
  @JsonSubTypes.Type(value = HostRequest.MayMove.class, name = "may-move"),
  @JsonSubTypes.Type(value = HostRequest.Adopt.class, name = "adopt"),
  @JsonSubTypes.Type(value = HostRequest.Resize.class, name = "resize"),
  @JsonSubTypes.Type(value = HostRequest.Commit.class, name = "commit"),
  @JsonSubTypes.Type(value = HostRequest.Decided.class, name = "decided"),
  @JsonSubTypes.Type(value = HostRequest.Holds.class, name = "holds"),
  @JsonSubTypes.Type(value = HostRequest.Needs.class, name = "needs"),
  @JsonSubTypes.Type(value = HostRequest.MoveShare.class, name = "move-share"),
  @JsonSubTypes.Type(value = HostRequest.ToGather.class, name = "to-gather"),
  @JsonSubTypes.Type(value = HostRequest.Resume.class, name = "resume"),
  @JsonSubTypes.Type(value = HostRequest.TurnBack.class, name = "turn-back"),
  @JsonSubTypes.Type(value = HostRequest.Release.class, name = "release"),
})
public sealed interface HostRequest {
  /** How much memory there is. */
  record Describe() implements HostRequest {}

  /** What it would tell a directory. */
  record Beat() implements HostRequest {}

  /** See {@link HostControl#reserve}. */
  record Reserve(HostControl.Reservation reservation) implements HostRequest {
    public Reserve {
      require("a reservation", reservation);
    }
  }

  /** See {@link HostControl#prepare}. */
  record Prepare(UUID vm, long epoch, String body, List<HostControl.Share> shares)
      implements HostRequest {
    public Prepare {
      require("a VM", vm);
      require("what its QEMU is like", body);
      require("a list of shares", shares);
      ReservationCheck.epoch(epoch);
      shares = ReservationCheck.parts(shares);
    }
  }

  /** See {@link HostControl#expectRest}. */
  record ExpectRest(UUID vm, long epoch, HostControl.Share rest) implements HostRequest {
    public ExpectRest {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
      require("its source", rest);
    }
  }

  /** See {@link HostControl#keep}. */
  record Keep(UUID vm, long epoch) implements HostRequest {
    public Keep {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
    }
  }

  /** See {@link HostControl#mayMove}. */
  record MayMove(UUID vm, long epoch, String mainHost) implements HostRequest {
    public MayMove {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
      Name.require("main host", mainHost);
    }
  }

  /** See {@link HostControl#adopt}. */
  record Adopt(UUID vm, long epoch, String mainHost) implements HostRequest {
    public Adopt {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
      Name.require("main host", mainHost);
    }
  }

  /**
   * See {@link HostControl#resize}.
   *
   * @param undo see {@link HostControl#undoResize}
   */
  record Resize(UUID vm, long epoch, long bytes, boolean undo) implements HostRequest {
    public Resize {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
      ReservationCheck.bytes("share", bytes, 1);
    }
  }

  /** See {@link HostControl#commit}. */
  record Commit(UUID vm, long epoch) implements HostRequest {
    public Commit {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
    }
  }

  /** See {@link HostControl#decided}. */
  record Decided(UUID vm, long epoch) implements HostRequest {
    public Decided {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
    }
  }

  /** Whether anything of the VM's body is there or arriving, also an old record. */
  record Holds(UUID vm) implements HostRequest {
    public Holds {
      require("a VM", vm);
    }
  }

  /**
   * Whether the share that a sub-host has of the VM is part of it there, or may become so.
   *
   * @param sub the name of the sub-host, which asks
   */
  record Needs(UUID vm, String sub) implements HostRequest {
    public Needs {
      require("a VM", vm);
      require("a sub-host", sub);
    }
  }

  /**
   * Asks the VM's main host to have a sub-host's share moved elsewhere, or how far that is.
   *
   * @param from the sub-host, which asks
   * @param begin whether it is to be begun if it is not under way
   * @param linkPart of the sub-host's link that it may use, over 0 to 1, when it is to leave fast;
   *     else 0
   */
  record MoveShare(UUID vm, String from, boolean begin, double linkPart) implements HostRequest {
    public MoveShare {
      require("a VM", vm);
      Name.require("sub-host", from);
      PlacementWish.checkLinkPart(linkPart);
    }
  }

  /**
   * How far the move of a share is.
   *
   * @param underWay whether it is leaving; false with the reason
   * @param busy it is not, because the VM is in the middle of something else
   * @param to the hosts that may get what it holds
   * @param reason why it is not under way, or does not go on; null otherwise
   */
  record ShareMove(boolean underWay, boolean busy, List<String> to, @Nullable String reason) {
    public ShareMove {
      require("a list of hosts", to);
      to = List.copyOf(to);
    }
  }

  /** See {@link HostControl#toGather}. */
  record ToGather(UUID vm, long epoch) implements HostRequest {
    public ToGather {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
    }
  }

  /** See {@link HostControl#resume}. */
  record Resume(UUID vm, long epoch) implements HostRequest {
    public Resume {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
    }
  }

  /** See {@link HostControl#turnBack}. */
  record TurnBack(UUID vm, long epoch) implements HostRequest {
    public TurnBack {
      require("a VM", vm);
      ReservationCheck.epoch(epoch);
    }
  }

  /** See {@link HostControl#release}. */
  record Release(UUID vm, long epoch) implements HostRequest {
    public Release {
      require("a VM", vm);
    }
  }

  /**
   * The answer.
   *
   * @param refused why not; null when it was done
   * @param message for a person, when it was refused
   * @param decided the answer to {@link Decided}, {@link Holds} or {@link Needs}
   * @param host the answer to {@link Describe}
   * @param unmoved the answer to {@link ToGather}
   * @param share the answer to {@link MoveShare}
   * @param beat the answer to {@link Beat}
   */
  record Reply(
      HostException.@Nullable Kind refused,
      @Nullable String message,
      boolean decided,
      @Nullable HostReport host,
      BodySource.@Nullable Unmoved unmoved,
      @Nullable ShareMove share,
      @Nullable Heartbeat beat) {
    /** It was done. */
    static final Reply DONE = new Reply(null, null, false, null, null, null, null);

    static Reply of(HostReport host) {
      return new Reply(null, null, false, host, null, null, null);
    }

    static Reply decided(boolean decided) {
      return new Reply(null, null, decided, null, null, null, null);
    }

    static Reply of(BodySource.Unmoved unmoved) {
      return new Reply(null, null, false, null, unmoved, null, null);
    }

    static Reply of(ShareMove share) {
      return new Reply(null, null, false, null, null, share, null);
    }

    static Reply of(Heartbeat beat) {
      return new Reply(null, null, false, null, null, null, beat);
    }

    static Reply refusal(HostException e) {
      return new Reply(e.kind(), e.getMessage(), false, null, null, null, null);
    }
  }

  private static void require(String what, @Nullable Object given) {
    if (given == null) {
      throw new IllegalArgumentException(what + " is needed");
    }
  }
}
