package org.smemv.lab.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.smemv.lab.simulator.Simulator.Outcome;

/** Many hosts, many seeds, no real time; see the story of the package. */
class SimulatorTest {
  private static final long SEEDS = Long.getLong("smemv.simulator.seeds", 1000);
  private static final Long SEED = Long.getLong("smemv.simulator.seed");

  /** A flaw is to be found within so many seeds. */
  private static final int SEEDS_PER_FLAW = 5000;

  private static final Logger QUIET = Logger.getLogger("org.smemv");
  private static Level before;

  @BeforeAll
  static void quiet() {
    before = QUIET.getLevel();
    QUIET.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    QUIET.setLevel(before);
  }

  private static Path file(long seed) {
    return Path.of("target", "simulator", "seed-" + seed + ".txt");
  }

  private static String failure(Outcome outcome) {
    Path file = file(outcome.seed());
    Simulator.write(outcome.seed(), null, file);
    return "seed %d: %s; all that happened is in lab/%s; again: -Dsmemv.simulator.seed=%d"
        .formatted(outcome.seed(), outcome.violation().getMessage(), file, outcome.seed());
  }

  @Test
  void whateverGoesWrongTheInvariantsHoldAndAllComesToRest() {
    World.Tally tally = new World.Tally();
    long first = SEED == null ? 1 : SEED;
    long last = SEED == null ? SEEDS : SEED;
    Optional<Outcome> wrong =
        LongStream.rangeClosed(first, last)
            .parallel()
            .mapToObj(seed -> Simulator.run(seed, null))
            .peek(outcome -> tally.add(outcome.tally()))
            .filter(outcome -> outcome.violation() != null)
            .findFirst();
    wrong.ifPresent(
        outcome -> {
          throw new AssertionError(failure(outcome), outcome.violation());
        });
    if (SEED != null) {
      Simulator.write(SEED, null, file(SEED));
    }
    System.out.println("simulated: " + tally);
  }

  @Test
  void theSameSeedGivesTheSameRunToTheLastLine() {
    for (long seed = 1; seed <= 20; seed++) {
      Outcome one = Simulator.run(seed, null);
      Outcome two = Simulator.run(seed, null);
      assertThat(two.hash()).as("seed %d", seed).isEqualTo(one.hash());
      assertThat(two.lines()).isEqualTo(one.lines());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDeliberateBugIsFound(Flaw flaw) {
    Optional<Outcome> found =
        LongStream.rangeClosed(1, SEEDS_PER_FLAW)
            .parallel()
            .mapToObj(seed -> Simulator.run(seed, flaw))
            .filter(outcome -> outcome.violation() != null)
            .findAny();
    assertThat(found).as("%s within %d seeds", flaw, SEEDS_PER_FLAW).isPresent();
    Outcome outcome = found.get();
    System.out.println(flaw + ": seed " + outcome.seed() + ": " + outcome.violation().getMessage());
  }
}
