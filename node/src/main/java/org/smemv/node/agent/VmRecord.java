package org.smemv.node.agent;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.smemv.migration.HostControl;
import org.smemv.node.RecordFile;
import org.smemv.node.api.Json;

/**
 * What this host must still know about a VM after its agent died; a file in the VM's directory that
 * is replaced as a whole.
 *
 * @param epoch the VM's epoch here; raised in this file before it is used
 * @param mainMemoryBytes the most of the VM's memory that may be here
 * @param phase what this host has to do with the VM
 * @param shares its sub-hosts, by index
 * @param leavingTo the new main host, while it is not known whether it took the VM
 * @param leavingEpoch the epoch of that migration
 * @param leavesRest whether it leaves memory here, or has left some
 * @param cameFrom the host that it left to come here; null when it was started here
 */
public record VmRecord(
    String name,
    UUID id,
    long epoch,
    long memoryBytes,
    long mainMemoryBytes,
    Phase phase,
    List<HostControl.Share> shares,
    @Nullable String leavingTo,
    long leavingEpoch,
    boolean leavesRest,
    @Nullable String cameFrom) {

  /** What this host has to do with a VM. */
  public enum Phase {
    /** It is arriving, and may still turn back. */
    INCOMING,
    /** It is here and nowhere else, but did not run here yet. */
    TAKEN,
    /** It is here and nowhere else. */
    HERE,
    /** It is stopped here, and the new main host may have taken it. */
    LEAVING,
    /** It is at its new main host, which still needs memory that it left here. */
    LEFT
  }

  public VmRecord {
    shares = List.copyOf(shares);
  }

  /** The same in another epoch. */
  public VmRecord withEpoch(long newEpoch) {
    return new VmRecord(
        name,
        id,
        newEpoch,
        memoryBytes,
        mainMemoryBytes,
        phase,
        shares,
        leavingTo,
        leavingEpoch,
        leavesRest,
        cameFrom);
  }

  /** The same with another limit here, and other shares. */
  public VmRecord withMainMemory(long bytes, List<HostControl.Share> newShares) {
    return new VmRecord(
        name,
        id,
        epoch,
        memoryBytes,
        bytes,
        phase,
        newShares,
        leavingTo,
        leavingEpoch,
        leavesRest,
        cameFrom);
  }

  /** The same with one more sub-host. */
  public VmRecord with(HostControl.Share added) {
    List<HostControl.Share> all = new ArrayList<>(shares);
    all.add(added);
    return withMainMemory(mainMemoryBytes, all);
  }

  /** The same without a sub-host. */
  public VmRecord without(HostControl.Share gone) {
    List<HostControl.Share> rest = shares.stream().filter(s -> !s.equals(gone)).toList();
    return withMainMemory(mainMemoryBytes, rest);
  }

  /** Whether the VM has a sub-host with that number there. */
  public boolean hasShareOf(HostControl.Share share) {
    return shares.stream()
        .anyMatch(s -> s.index() == share.index() && s.host().equals(share.host()));
  }

  /** Whether all of the VM is to be on its main host. */
  @JsonIgnore
  public boolean isWhole() {
    return mainMemoryBytes >= memoryBytes;
  }

  /** The VM is here from now on and nowhere else: the decision of a migration. */
  public VmRecord taken() {
    return in(Phase.TAKEN, shares, null, 0, false);
  }

  /** Whether the VM belongs to this host, as far as this host knows. */
  @JsonIgnore
  public boolean isHere() {
    return phase == Phase.TAKEN || phase == Phase.HERE;
  }

  /** The VM is here, and ran here. */
  public VmRecord here() {
    return in(Phase.HERE, shares, null, 0, false);
  }

  /** A new main host may take the VM from now on. */
  public VmRecord leaving(String host, long newEpoch, boolean andLeavesRest) {
    return in(Phase.LEAVING, shares, host, newEpoch, andLeavesRest);
  }

  /** Its sub-hosts are its new main host's affair. */
  public VmRecord left() {
    return in(Phase.LEFT, List.of(), leavingTo, leavingEpoch, true);
  }

  private VmRecord in(
      Phase next,
      List<HostControl.Share> newShares,
      @Nullable String to,
      long toEpoch,
      boolean restStays) {
    return new VmRecord(
        name,
        id,
        epoch,
        memoryBytes,
        mainMemoryBytes,
        next,
        newShares,
        to,
        toEpoch,
        restStays,
        cameFrom);
  }

  /** Whether a migration of this epoch brought the VM here, or a later one did. */
  public boolean isTakenIn(long asked) {
    return phase != Phase.INCOMING && epoch >= asked;
  }

  /**
   * What is to be remembered of the VM here, also when it is not here any more; null when nobody
   * can ask for it.
   */
  public @Nullable TakenNote note() {
    if (phase == Phase.INCOMING || cameFrom == null) {
      return null;
    }
    // While it leaves, its next host may have it, and the epochs that follow are that host's: an
    // answer for them would not be ours to give.
    return new TakenNote(leavingTo != null ? leavingEpoch - 1 : epoch, List.of(cameFrom));
  }

  /**
   * That a VM came here.
   *
   * @param epoch the last epoch in which it was surely here
   * @param sources the hosts that it left to come here and that may ask for it, the last one first;
   *     none in a note of an earlier version
   */
  public record TakenNote(long epoch, List<String> sources) {
    public TakenNote {
      sources = List.copyOf(sources);
    }

    /** With those that may still ask for an earlier stay: each of them must hear that it was. */
    public TakenNote after(@Nullable TakenNote earlier) {
      Set<String> all = new LinkedHashSet<>(sources);
      all.addAll(earlier == null ? List.of() : earlier.sources());
      return new TakenNote(epoch, List.copyOf(all));
    }

    /** Without those that know nothing of the VM any more; null when nobody can ask then. */
    public @Nullable TakenNote without(Collection<String> gone) {
      List<String> rest = sources.stream().filter(source -> !gone.contains(source)).toList();
      return rest.isEmpty() ? null : new TakenNote(epoch, rest);
    }
  }

  /** Whether the VM is split with this host. */
  public boolean isSplitWith(String host) {
    return shares.stream().anyMatch(share -> share.host().equals(host));
  }

  private static Path file(Path directory) {
    return directory.resolve("vm.json");
  }

  /**
   * Whether any VM's directory below {@code all} has a record of this VM that fits, or one that is
   * damaged.
   */
  static boolean anyOf(Path all, UUID id, Predicate<VmRecord> fits) {
    try (Stream<Path> directories = Files.list(all)) {
      return directories.anyMatch(
          directory -> {
            try {
              return read(directory).filter(r -> r.id().equals(id)).filter(fits).isPresent();
            } catch (IOException e) {
              return true;
            }
          });
    } catch (IOException e) {
      return true;
    }
  }

  /** Reads the record in a VM's directory; empty when there is none. */
  static Optional<VmRecord> read(Path directory) throws IOException {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Json.read(Files.readString(file), VmRecord.class));
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(file + " is damaged: " + e.getMessage(), e);
    }
  }

  /** Replaces the record; durable when it returns. */
  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    RecordFile.replace(file(directory), Json.write(this));
  }

  /** Removes the record; durable when it returns. */
  static void delete(Path directory) throws IOException {
    RecordFile.delete(file(directory));
  }
}
