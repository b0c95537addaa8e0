package org.smemv.node.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QemuArgumentsTest {
  private static final UUID ID = UUID.fromString("0f8fad5b-d9cb-469f-a165-70867728950e");
  private static final QemuNet NET = new QemuNet("br0", "52:54:00:12:34:56");

  @TempDir Path directory;

  static QemuSpec spec(List<String> extra) {
    return new QemuSpec(
        "vm1",
        ID,
        64L << 20,
        2,
        "pc-i440fx-7.2",
        null,
        NET,
        "/d/a,b.qcow2",
        "/k",
        "/i",
        "a=b",
        extra);
  }

  private static QemuPlace place(String host) {
    return new QemuPlace(host, Path.of("/s/vms/vm1"), Path.of("/s/ram/vm1"));
  }

  @Test
  void theCommandLineSharesTheRamFileAndFixesTheMachine() {
    String line =
        String.join(
            " ",
            QemuCommandLine.of(
                spec(List.of("-cpu", "max")), place("h1"), QemuBody.Mode.PAUSED, Accelerator.TCG));
    assertThat(line)
        .contains("-machine pc-i440fx-7.2,memory-backend=ram0")
        .contains(
            "-object memory-backend-file,id=ram0,size=67108864,mem-path=/s/ram/vm1,share=on,"
                + "prealloc=off,merge=off")
        .contains("-m size=67108864B -smp 2 -accel tcg,thread=multi,tb-size=256")
        .contains("-qmp unix:/s/vms/vm1/qmp.sock,server=on,wait=off")
        .contains("file=/d/a,,b.qcow2,if=none,id=disk0,format=qcow2,cache=writeback,aio=threads")
        .contains("mac=52:54:00:12:34:56,romfile=")
        .contains("-kernel /k -initrd /i -append a=b")
        .contains("-no-user-config -nodefaults -display none")
        .endsWith("-cpu max -S");
  }

  @Test
  void aTranslatedMachineIsNeverOneThatCanOnlyHaveOneCpu() {
    assertThat(Accelerator.TCG.processors(1)).isEqualTo("cpus=1,maxcpus=2");
    assertThat(Accelerator.TCG.processors(2)).isEqualTo("2");
    assertThat(Accelerator.KVM.processors(1)).isEqualTo("1");
  }

  @Test
  void bothSidesOfAMigrationDifferOnlyInPathsTapAndIncoming() {
    List<String> source =
        QemuCommandLine.of(spec(List.of()), place("h1"), QemuBody.Mode.INCOMING, Accelerator.TCG);
    List<String> target =
        QemuCommandLine.of(spec(List.of()), place("h2"), QemuBody.Mode.INCOMING, Accelerator.TCG);
    assertThat(source).hasSameSizeAs(target).endsWith("-incoming", "defer");
    for (int i = 0; i < source.size(); i++) {
      assertThat(source.get(i).replaceFirst("ifname=\\w+", ""))
          .isEqualTo(target.get(i).replaceFirst("ifname=\\w+", ""));
    }
    assertThat(source).isNotEqualTo(target);
  }

  @Test
  void aTapNameFitsTheKernelWhateverTheVmIsCalled() {
    String name = place("host-with-a-long-name").tapName("v".repeat(63));
    assertThat(name).hasSizeLessThanOrEqualTo(15).startsWith("smv");
    assertThat(place("h1").tapName("vm1")).isNotEqualTo(place("h2").tapName("vm1"));
  }

  @Test
  void aSpecTravelsAsJson() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    QemuSpec spec = spec(List.of("-cpu", "max"));
    assertThat(mapper.readValue(mapper.writeValueAsString(spec), QemuSpec.class)).isEqualTo(spec);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-m 4G | use --memory",
        "-smp 4 | use --cpus",
        "--smp 4 | use --cpus",
        "-qmp unix:x | -monitor",
        "-incoming defer | vm migrate",
        "-object memory-backend-ram,id=x,size=1G | one memory backend",
        "-object {\"qom-type\":\"memory-backend-memfd\",\"id\":\"x\"} | one memory backend",
        "-device nvdimm,memdev=x | one memory backend",
        "-numa node | one backend",
        "-device vfio-pci,host=01:00.0 | virtio-net-pci",
        "-device {\"driver\":\"vfio-pci\",\"host\":\"01:00.0\"} | virtio-net-pci",
        "-device vhost-user-fs-pci,chardev=c | virtio-blk",
        "-device vhost-user-blk-pci,chardev=c | virtio-blk-pci",
        "-netdev vhost-user,id=n,chardev=c | -netdev tap",
        "-netdev type=vhost-user,id=n,chardev=c | -netdev tap",
        "-drive file=x,cache=none | cache=writeback",
        "-drive file=x,cache=directsync | cache=writeback",
        "-drive file=x,aio=native | aio=threads",
        "-blockdev driver=file,filename=x,cache.direct=on | cache=writeback",
        "-blockdev driver=file,filename=x,cache.direct=y | cache=writeback",
        "-drive file=x,if=none,file.cache.direct=yes | cache=writeback",
        "-drive file=x,if=none,file.aio=native | cache=writeback",
        "-blockdev {\"driver\":\"file\",\"filename\":\"x\",\"cache\":{\"direct\":true}} |"
            + " cache=writeback",
        "-overcommit mem-lock=on | mem-lock=off",
        "-mon chardev=c,mode=control | readline",
        "disk.img | use --disk",
      })
  void anUnsuitableExtraArgumentIsRefusedWithTheRemedy(String arguments, String remedy) {
    assertThatThrownBy(() -> QemuExtraArguments.check(List.of(arguments.split(" "))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(remedy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-cpu max",
        "-device virtio-rng-pci",
        "-drive file=x,if=virtio,cache=writeback,aio=threads",
        "-device virtio-balloon-pci,free-page-reporting=on",
        "-object rng-random,id=r,filename=/dev/urandom",
        "-monitor unix:m,server=on,wait=off",
        "-snapshot",
      })
  void aHarmlessExtraArgumentPasses(String arguments) {
    assertThatCode(() -> QemuExtraArguments.check(List.of(arguments.split(" "))))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1000, 1", "1048577, 1", "-1048576, 1", "1048576, 0", "1048576, 256"})
  void aSizeThatMakesNoSenseIsRefused(long bytes, int cpus) {
    assertThatThrownBy(
            () ->
                new QemuSpec(
                    "vm1", ID, bytes, cpus, "pc", null, null, null, null, null, null, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"52:54:00:12:34", "53:54:00:12:34:56", "52-54-00-12-34-56", ""})
  void anAddressThatIsNoUnicastMacIsRefused(String mac) {
    assertThatThrownBy(() -> new QemuNet("br0", mac)).hasMessageContaining("52:54:00:12:34:56");
  }

  @Test
  void kvmNeedsTheCpuFlagAndTheDevice() throws IOException {
    Path with = Files.writeString(directory.resolve("with"), "flags\t\t: fpu vmx sse\n");
    Path without = Files.writeString(directory.resolve("without"), "flags\t\t: fpu sse\n");
    Path device = Files.createFile(directory.resolve("kvm"));
    assertThat(Accelerator.probe(with, device)).isEqualTo(Accelerator.KVM);
    assertThat(Accelerator.probe(without, device)).isEqualTo(Accelerator.TCG);
    assertThat(Accelerator.probe(with, directory.resolve("none"))).isEqualTo(Accelerator.TCG);
  }

  @Test
  void theMachineTypeBehindPcIsFound() throws QemuException {
    String help =
        """
        microvm              microvm (i386)
        pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)
        q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)
        """;
    assertThat(MachineType.parse("qemu", help)).isEqualTo("pc-i440fx-7.2");
    assertThatThrownBy(() -> MachineType.parse("qemu", "virt  ARM\n"))
        .isInstanceOf(QemuException.class);
  }

  @Test
  void aStateDirectoryTooLongForASocketIsRefusedEarly() {
    Path deep = Path.of("/" + "d".repeat(110));
    assertThatThrownBy(() -> new QemuPlace("h1", deep, deep)).hasMessageContaining("107");
  }
}
