package org.smemv.node;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which module may use which, and who may touch native memory. */
class ArchitectureTest {
  private static final String ROOT = "org.smemv.";
  private static final List<String> MODULES =
      List.of("placement", "linux", "paging", "migration", "node", "lab", "bench");
  private static JavaClasses classes;

  @BeforeAll
  static void readClasses() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.smemv");
  }

  @Test
  void theModulesBelowThisOneAreAllLookedAt() {
    for (String module : List.of("placement", "linux", "node")) {
      assertThat(classes.stream().map(type -> type.getPackageName()))
          .as(module)
          .anyMatch(name -> name.startsWith(ROOT + module));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "nothing",
      value = {
        "placement | nothing",
        "linux | nothing",
        "paging | placement linux",
        "migration | placement",
        "node | placement linux paging migration",
      })
  void aModuleUsesOnlyTheModulesBelowIt(String module, String allowed) {
    List<String> permitted = new ArrayList<>(List.of(module));
    if (allowed != null) {
      permitted.addAll(Arrays.asList(allowed.split(" ")));
    }
    String[] forbidden =
        MODULES.stream()
            .filter(other -> !permitted.contains(other))
            .map(other -> ROOT + other + "..")
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(ROOT + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(forbidden)
        .allowEmptyShould(true)
        .check(classes);
  }

  @Test
  void onlyLinuxAndPagingTouchNativeMemory() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + "linux..", ROOT + "paging..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .check(classes);
  }

  @Test
  void onlyLinuxCallsForeignFunctions() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "linux..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.SymbolLookup")
        .check(classes);
  }

  @Test
  void inNodeThePiecesUseEachOtherOneWay() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + "node.qemu..", ROOT + "node.api..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + "node.command..")
        .check(classes);
    noClasses()
        .that()
        .resideInAPackage(ROOT + "node.qemu..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + "node.api..")
        .check(classes);
  }

  @Test
  void noPackageIsNamedAfterNothing() {
    List<String> names = new ArrayList<>();
    for (JavaPackage each : classes.getPackage("org.smemv").getSubpackagesInTree()) {
      names.add(each.getRelativeName());
    }
    assertThat(names).doesNotContain("util", "utils", "common", "core", "manager", "managers");
    assertThat(names).contains("node");
  }
}
