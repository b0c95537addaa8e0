package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord.Phase;

class TakenVmsTest {
  private static final UUID VM = new UUID(1, 2);

  @TempDir Path state;
  private Path directory;
  private TakenVms taken;

  @BeforeEach
  void open() {
    directory = state.resolve("taken");
    taken = new TakenVms(directory);
  }

  private static VmRecord record(UUID vm, long epoch, Phase phase, String from) {
    return new VmRecord("v", vm, epoch, 4096, 4096, phase, List.of(), null, 0, false, from);
  }

  private void note(UUID vm, long epoch, String from) throws IOException {
    taken.note(record(vm, epoch, Phase.HERE, from));
  }

  @Test
  void aVmThatCameHereIsKnownInItsEpochAndOlderOnesAlsoByTheNextAgent() throws Exception {
    note(VM, 7, "h1");
    taken = new TakenVms(directory);

    assertThat(taken.has(VM, 7)).isTrue();
    assertThat(taken.has(VM, 6)).isTrue();
    assertThat(taken.has(VM, 8)).isFalse();
    assertThat(taken.has(new UUID(1, 3), 1)).isFalse();
  }

  @Test
  void aVmThatIsArrivingOrWasStartedHereWasNotTaken() throws Exception {
    taken.note(record(VM, 7, Phase.INCOMING, "h1"));
    note(new UUID(1, 3), 1, null);

    assertThat(taken.has(VM, 7)).isFalse();
    assertThat(directory).doesNotExist();
  }

  /** The next host's epochs begin with that of the move: a yes to it would lose the VM. */
  @Test
  void aVmThatIsLeavingIsNotSaidToBeTakenInTheEpochThatItLeavesIn() throws Exception {
    VmRecord leaving = record(VM, 6, Phase.HERE, "h1").withEpoch(8).leaving("h1", 8, false);

    taken.note(leaving.withEpoch(9));

    assertThat(taken.has(VM, 7)).isTrue();
    assertThat(taken.has(VM, 8)).isFalse();
    assertThat(taken.has(VM, 9)).isFalse();
  }

  @Test
  void aNoteGoesOnlyWhenItsSourceSaysThatItKnowsNothingOfTheVm() throws Exception {
    UUID still = new UUID(1, 3);
    UUID away = new UUID(1, 4);
    note(VM, 7, "h1");
    note(still, 3, "h1");
    note(away, 2, "h9");
    taken.prune(
        (host, vm) -> {
          if (host.equals("h9")) {
            throw new HostException(HostException.Kind.UNREACHABLE, "no answer");
          }
          return vm.equals(still);
        });

    assertThat(taken.has(VM, 7)).isFalse();
    assertThat(taken.has(still, 3)).isTrue();
    assertThat(taken.has(away, 2)).isTrue();
  }

  /** Its agent may be away for as long as it likes: it must not hear that the VM never came. */
  @Test
  void theSourceOfAnEarlierStayIsRememberedUntilItKnowsNothingOfTheVmEither() throws Exception {
    note(VM, 7, "h1");
    note(VM, 9, "h2");
    taken.prune((host, vm) -> host.equals("h1"));
    assertThat(taken.has(VM, 7)).isTrue();
    taken.prune(
        (host, vm) -> {
          assertThat(host).isEqualTo("h1");
          return false;
        });

    assertThat(taken.has(VM, 7)).isFalse();
  }

  @Test
  void aHostThatDoesNotAnswerIsAskedOnceInAPruning() throws Exception {
    note(VM, 7, "h9");
    note(new UUID(1, 3), 7, "h9");
    List<String> asked = new ArrayList<>();
    taken.prune(
        (host, vm) -> {
          asked.add(host);
          throw new HostException(HostException.Kind.UNREACHABLE, "no answer");
        });

    assertThat(asked).containsExactly("h9");
  }

  @Test
  void aVmThatCameAgainWhileItsFormerSourceWasAskedKeepsItsNote() throws Exception {
    note(VM, 7, "h1");
    taken.prune(
        (host, vm) -> {
          try {
            note(VM, 9, "h1");
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return false;
        });

    assertThat(taken.has(VM, 9)).isTrue();
  }

  @Test
  void aDamagedNoteIsNoAnswerAndIsNotPruned() throws Exception {
    note(VM, 7, "h1");
    Files.writeString(directory.resolve(VM.toString()), "");
    taken.prune((host, vm) -> false);

    assertThatThrownBy(() -> taken.has(VM, 7))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("damaged");
  }

  @Test
  void aNoteOfAnEarlierVersionWithoutASourceIsReadAndKept() throws Exception {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve(VM.toString()), "7");
    taken.prune((host, vm) -> false);

    assertThat(taken.has(VM, 7)).isTrue();
  }
}
