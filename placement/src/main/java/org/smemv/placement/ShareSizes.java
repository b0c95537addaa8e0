package org.smemv.placement;

import java.util.ArrayList;
import java.util.List;

/**
 * How much each sub-host must grant, so that a VM with less memory on its main host than it has in
 * all can always make progress. Pure.
 */
public final class ShareSizes {
  /**
   * A sub-host that may take a share.
   *
   * @param host its name
   * @param wantedBytes what the operator said; 0 to have it worked out
   * @param freeBytes what it can still grant
   */
  public record Candidate(String host, long wantedBytes, long freeBytes) {}

  /** A share, in bytes. */
  public record Share(String host, long bytes) {}

  /** There is no way; the message says what is missing and where. */
  public static final class DoesNotFit extends Exception {
    private static final long serialVersionUID = 1L;

    DoesNotFit(String message) {
      super(message);
    }
  }

  private static final long PAGE = PageSize.BYTES;
  private static final long HEADROOM_PAGES_MIN = 256;

  private ShareSizes() {}

  /**
   * Memory of the main host that is kept free for pages on their way in, so that one can come
   * before another has gone. Sub-hosts must have room for as much in addition.
   */
  public static long headroomBytes(long mainBytes) {
    return Math.max(HEADROOM_PAGES_MIN * PAGE, mainBytes / 16 / PAGE * PAGE);
  }

  /**
   * The least that a main host must give so that sub-hosts that grant so much can hold the rest.
   *
   * @param nowBytes what it gives now, which is the least in any case
   */
  public static long mainBytes(long vmBytes, long nowBytes, long grantedBytes) {
    long rest = grantedBytes / PAGE * PAGE;
    long main = Math.max(nowBytes, vmBytes - rest);
    long missing = missing(vmBytes, main, rest);
    while (main < vmBytes && missing > 0) { // more there needs more to swap with, a sixteenth
      main = Math.min(vmBytes, main + missing);
      missing = missing(vmBytes, main, rest);
    }
    return rest == 0 ? vmBytes : main;
  }

  private static long missing(long vmBytes, long mainBytes, long rest) {
    return vmBytes - mainBytes + headroomBytes(mainBytes) - rest;
  }

  /**
   * The shares of all candidates, in their order. Those without a wanted size divide what is left
   * over in proportion to their free memory.
   *
   * @param vmBytes the VM's memory
   * @param mainBytes the part of it that its main host gives
   */
  public static List<Share> divide(long vmBytes, long mainBytes, List<Candidate> candidates)
      throws DoesNotFit {
    if (mainBytes >= vmBytes) {
      return List.of();
    }
    if (mainBytes < 2 * headroomBytes(mainBytes)) {
      throw new DoesNotFit(
          "a main memory of %d KiB is too little to page with: at least %d KiB are needed"
              .formatted(mainBytes >> 10, headroomBytes(0) >> 9));
    }
    long needed = vmBytes - mainBytes + headroomBytes(mainBytes);
    checkWanted(candidates);
    long fixed = candidates.stream().mapToLong(Candidate::wantedBytes).sum();
    long openFree =
        candidates.stream().filter(c -> c.wantedBytes() == 0).mapToLong(Candidate::freeBytes).sum();
    long open = Math.max(0, needed - fixed);
    if (open > openFree) {
      throw new DoesNotFit(
          "the sub-hosts must take %d MiB (what does not fit on the main host, and %d MiB to swap with), but can take %d MiB"
              .formatted(up(needed), up(headroomBytes(mainBytes)), (fixed + openFree) >> 20));
    }
    List<Share> shares = new ArrayList<>();
    for (Candidate candidate : candidates) {
      shares.add(new Share(candidate.host(), sizeOf(candidate, open, openFree)));
    }
    return shares;
  }

  private static void checkWanted(List<Candidate> candidates) throws DoesNotFit {
    for (Candidate candidate : candidates) {
      if (candidate.wantedBytes() > candidate.freeBytes()) {
        throw new DoesNotFit(
            "sub-host %s has %d MiB free, %d MiB are asked of it"
                .formatted(
                    candidate.host(), candidate.freeBytes() >> 20, up(candidate.wantedBytes())));
      }
    }
  }

  private static long sizeOf(Candidate candidate, long open, long openFree) {
    if (candidate.wantedBytes() > 0) {
      return candidate.wantedBytes();
    }
    double part = openFree == 0 ? 0 : (double) candidate.freeBytes() / openFree;
    long pages = (long) Math.ceil(open * part / PAGE);
    return Math.min(pages * PAGE, candidate.freeBytes());
  }

  private static long up(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
