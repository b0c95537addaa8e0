package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;

class ShareGrantsTest {
  private static final List<Share> PRESENT = shares(10, 20, 30);
  private static final List<Share> WANTED = shares(20, 40, 60);

  private final Map<String, Long> granted = new LinkedHashMap<>();
  private final List<String> asked = new ArrayList<>();

  private static List<Share> shares(long... bytes) {
    List<Share> shares = new ArrayList<>();
    for (int i = 0; i < bytes.length; i++) {
      shares.add(new Share(i, "s" + i, bytes[i]));
    }
    return shares;
  }

  private void grant(Share share, boolean again) {
    assertThat(share.bytes() <= 30)
        .as("what it was before")
        .isEqualTo(again || share.bytes() == 20);
    asked.add(share.host());
    granted.put(share.host(), share.bytes());
  }

  @Test
  void allSubHostsGrantWhatIsWanted() throws Exception {
    new ShareGrants(this::grant).change(PRESENT, WANTED);
    assertThat(granted)
        .containsExactly(Map.entry("s0", 20L), Map.entry("s1", 40L), Map.entry("s2", 60L));
  }

  @Test
  void aSubHostWhoseShareStaysIsNotAsked() throws Exception {
    new ShareGrants(this::grant).change(PRESENT, shares(10, 40, 30));
    assertThat(asked).containsExactly("s1");
  }

  @Test
  void whenOneRefusesAllGrantAgainWhatTheyDidBefore() {
    ShareGrants grants =
        new ShareGrants(
            (share, again) -> {
              grant(share, again);
              if (share.bytes() == 60) {
                throw new HostException(HostException.Kind.CAPACITY, "s2 is full");
              }
            });
    assertThatThrownBy(() -> grants.change(PRESENT, WANTED)).hasMessage("s2 is full");
    assertThat(granted)
        .containsExactly(Map.entry("s0", 10L), Map.entry("s1", 20L), Map.entry("s2", 30L));
  }

  @Test
  void oneThatCannotBeAskedKeepsNoOtherFromBeingReverted() {
    ShareGrants grants =
        new ShareGrants(
            (share, again) -> {
              if (share.host().equals("s0") && granted.containsKey("s0") || share.bytes() == 60) {
                throw new HostException(HostException.Kind.UNREACHABLE, "no answer");
              }
              grant(share, again);
            });
    assertThatThrownBy(() -> grants.change(PRESENT, WANTED)).hasMessage("no answer");
    assertThat(granted)
        .containsExactly(Map.entry("s0", 20L), Map.entry("s1", 20L), Map.entry("s2", 30L));
  }
}
