package org.smemv.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.smemv.linux.MemoryFile;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostControl.Share;
import org.smemv.migration.HostException;
import org.smemv.node.agent.VmRecord.Phase;
import org.smemv.node.api.HostReport;
import org.smemv.node.directory.Beats;
import org.smemv.node.directory.Heartbeat;
import org.smemv.paging.BodySink;
import org.smemv.paging.HolderDirectory;
import org.smemv.paging.LinkTarget;
import org.smemv.paging.PageHolder;
import org.smemv.paging.PageLink;
import org.smemv.paging.PageLinkException;
import org.smemv.paging.PageServer;
import org.smemv.paging.SlabPool;
import org.smemv.placement.MemoryLedger;

/** What other agents ask, over a real connection. */
@Timeout(60)
class ControlRequestsTest implements HolderDirectory {
  private static final long BYTES = 8L << 20;
  private static final Duration ANSWER = Duration.ofSeconds(5);

  @TempDir Path directory;
  private HostPaths paths;
  private PageServer server;
  private Arrivals arrivals;
  private LeftVms left;
  private final MemoryLedger ledger = new MemoryLedger(10 * BYTES);
  private final SlabPool pool = new SlabPool(4096, 16);
  private final UUID id = UUID.randomUUID();
  private volatile boolean draining;

  @BeforeEach
  void listen() throws IOException {
    paths = new HostPaths(directory.resolve("state"));
    Files.createDirectories(paths.vms());
    HostedVms vms = new HostedVms("h1", paths);
    TakenVms taken = new TakenVms(paths.taken());
    arrivals = new Arrivals("h1", paths, ledger, vms, taken, ControlRequestsTest::noAddress);
    left = new LeftVms(paths, ledger, vms);
    Files.createDirectories(paths.ramMount());
    HeldShares shares = new HeldShares(ledger, pool);
    server =
        PageServer.start(
            new InetSocketAddress("127.0.0.1", 0),
            new PageServer.Services(
                this,
                new ControlRequests(
                    arrivals, shares, left, this::report, this::moveShare, this::beat)),
            PageServer.Options.of("h1"));
  }

  private final List<Double> linkParts = new CopyOnWriteArrayList<>();

  private HostReport report() {
    return new HostReport("h1", 10 * BYTES, 0, 0, 0, List.of(), List.of(), draining);
  }

  private Heartbeat beat() throws IOException {
    if (draining) {
      throw new IOException("no address");
    }
    return Beats.host("h1", 10);
  }

  private HostRequest.ShareMove moveShare(HostRequest.MoveShare asked) throws HostException {
    if (!asked.vm().equals(id)) {
      throw new HostException(HostException.Kind.REFUSED, "no such VM");
    }
    linkParts.add(asked.linkPart());
    return new HostRequest.ShareMove(asked.begin(), false, List.of(asked.from()), "why");
  }

  private static InetSocketAddress noAddress(String host) {
    throw new IllegalArgumentException("no host named " + host);
  }

  @AfterEach
  void close() {
    server.close();
    pool.close();
  }

  @Override
  public @Nullable PageHolder holder(UUID vm) {
    return null;
  }

  @Override
  public @Nullable BodySink bodySink(UUID vm, long epoch) {
    return null;
  }

  private RemoteHost askedBy(String caller) {
    return new RemoteHost("h1", server.address(), caller);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'vmBytes':0",
        "'vmBytes':-4096",
        "'vmBytes':4097",
        "'vmBytes':9223372036854775807",
        "'bytes':0",
        "'bytes':-1",
        "'bytes':9223372036854775807",
        "'epoch':0",
        "'epoch':-5",
        "'epoch':9223372036854775807",
        "'name':'../../x'",
        "'name':''",
        "'name':null",
        "'name':'a/b'",
        "'source':'../x'",
        "'source':null",
        "'mainHost':null",
        "'role':null",
        "'role':'KING'",
        "'vm':null",
        "'vm':'x'"
      })
  void aReservationThatMakesNoSenseChangesNothing(String bad) throws Exception {
    for (String role : List.of("MAIN", "SUB")) {
      String good =
          "{'ask':'reserve','reservation':{'vm':'%s','name':'a','epoch':1,'role':'%s'"
                  .formatted(id, role)
              + ",'bytes':4096,'vmBytes':8192,'source':'h2','mainHost':'h1'}}";
      String field = bad.substring(0, bad.indexOf(':') + 1);
      String json = good.replaceFirst(field + "[^,}]*", bad);
      assertThat(json).isNotEqualTo(good);
      try (PageLink link =
          PageLink.open(LinkTarget.control(server.address(), "h2", Duration.ofSeconds(3)))) {
        byte[] request = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> link.control(request, ANSWER))
            .isInstanceOf(PageLinkException.class)
            .hasMessageNotContainingAny("Duplicate", "Unrecognized");
      }
    }
    assertThat(ledger.grantedBytes()).isZero();
    try (var files = Files.walk(directory)) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
    try (RemoteHost host = askedBy("h2")) {
      host.reserve(new Reservation(id, "a", 1, Role.SUB, 4096, 8192, "h2", "h3"));
    }
    assertThat(ledger.grantedBytes()).isEqualTo(4096);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'resize','vm':ID,'epoch':0,'bytes':4096,'undo':false",
        "'resize','vm':ID,'epoch':1,'bytes':-1,'undo':false",
        "'resize','vm':ID,'epoch':1,'bytes':9223372036854775807,'undo':false",
        "'commit','vm':ID,'epoch':-5",
        "'prepare','vm':ID,'epoch':0,'body':'{}','shares':[]",
        "'prepare','vm':ID,'epoch':1,'body':'{}','shares':[null]",
        "'prepare','vm':ID,'epoch':1,'body':'{}','shares':[SHARE,SHARE]"
      })
  void aRequestThatMakesNoSenseIsRefusedBeforeItIsLookedAt(String ask) {
    String request =
        "{'ask':"
            + ask.replace("SHARE", "{'index':0,'host':'h2','bytes':4096,'leaving':false}")
            + "}";
    byte[] bytes =
        request.replace("ID", "'" + id + "'").replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    try (PageLink link =
        PageLink.open(LinkTarget.control(server.address(), "h2", Duration.ofSeconds(3)))) {
      assertThatThrownBy(() -> link.control(bytes, ANSWER))
          .isInstanceOf(PageLinkException.class)
          .hasMessageContainingAll("not a request that this host knows", "problem:");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'reserve'",
        "'prepare'",
        "'prepare','vm':'00000000-0000-0000-0000-000000000001','epoch':1",
        "'keep','epoch':1",
        "'resize','bytes':4096",
        "'commit','epoch':1",
        "'decided','epoch':1",
        "'holds'",
        "'needs','vm':'00000000-0000-0000-0000-000000000001'",
        "'resume'",
        "'release'"
      })
  void aRequestThatLacksAFieldIsToldWhichOne(String ask) throws Exception {
    byte[] request = ("{'ask':" + ask + "}").replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    try (PageLink link =
        PageLink.open(LinkTarget.control(server.address(), "h2", Duration.ofSeconds(3)))) {
      assertThatThrownBy(() -> link.control(request, ANSWER))
          .isInstanceOf(PageLinkException.class)
          .hasMessageContaining("is needed");
    }
  }

  @Test
  void whoAsksHearsWhatTheDirectoryWould() throws HostException {
    try (RemoteHost other = new RemoteHost("h7", server.address(), "h2")) {
      assertThatThrownBy(other::beat).hasMessageContaining("is host h1, not h7");
    }
    try (RemoteHost host = new RemoteHost("h1", server.address(), "h2")) {
      assertThat(host.beat()).isEqualTo(Beats.host("h1", 10));
      draining = true;
      assertThatThrownBy(host::beat).hasMessageContainingAll("host h1", "no address");
    }
  }

  @Test
  void aSubHostAsksForItsShareToBeMovedAndHowFarThatIs() throws HostException {
    try (RemoteHost main = new RemoteHost("h1", server.address(), "h2")) {
      HostRequest.ShareMove begun = main.moveShare(id, 0.5);
      assertThat(begun.underWay()).isTrue();
      assertThat(begun.to()).containsExactly("h2");
      assertThat(main.shareMove(id).underWay()).isFalse();
      assertThat(linkParts).containsExactly(0.5, 0.0);
      assertThatThrownBy(() -> main.moveShare(UUID.randomUUID(), 0))
          .hasMessageContainingAll("host h1", "no such VM");
    }
  }

  @Test
  void aDrainingHostRefusesNewReservationsAndGoesOnWithThoseThatItGave() throws Exception {
    try (RemoteHost host = askedBy("h2")) {
      host.reserve(new Reservation(id, "a", 1, Role.SUB, 4096, 8192, "h2", "h3"));
      draining = true;
      for (Role role : Role.values()) {
        UUID other = UUID.randomUUID();
        assertThatThrownBy(
                () -> host.reserve(new Reservation(other, "b", 1, role, 4096, 8192, "h2", "h1")))
            .hasMessageContainingAll("host h1 is draining", "smemv host undrain h1");
      }
      assertThat(ledger.grantedBytes()).isEqualTo(4096);
      host.keep(id, 1);
      host.resize(id, 1, 8192);
      draining = false;
      host.reserve(new Reservation(UUID.randomUUID(), "b", 1, Role.SUB, 4096, 8192, "h2", "h3"));
    }
    assertThat(ledger.grantedBytes()).isEqualTo(8192 + 4096);
  }

  /** Its release was lost: who asks for the share would get what is left instead. */
  @Test
  void aShareIsReservedOnlyWhenWhatTheVmLeftBeforeHasGone() throws Exception {
    try (MemoryFile ram = MemoryFile.create(paths.ram("a"), BYTES)) {
      assertThat(ram.bytes()).isEqualTo(BYTES);
    }
    left.stays(new VmRecord("a", id, 4, BYTES, BYTES, Phase.LEFT, List.of(), "h2", 7, true, null));
    try (RemoteHost host = askedBy("h2")) {
      Reservation late = new Reservation(id, "a", 7, Role.SUB, 4096, BYTES, "h2", "h3");
      assertThatThrownBy(() -> host.reserve(late)).hasMessageContaining("just leaving");
      assertThat(left.memory(id)).isNotNull();
      host.reserve(new Reservation(id, "a", 8, Role.SUB, 4096, BYTES, "h2", "h3"));
    }
    assertThat(left.memory(id)).isNull();
    assertThat(ledger.grantedBytes()).isEqualTo(4096);
    assertThat(paths.ram("a")).doesNotExist();
  }

  @Test
  void aReleaseEndsTheShareAndWhatTheVmLeft() throws Exception {
    try (MemoryFile ram = MemoryFile.create(paths.ram("a"), BYTES);
        RemoteHost host = askedBy("h2")) {
      assertThat(ram.bytes()).isEqualTo(BYTES);
      host.reserve(new Reservation(id, "a", 3, Role.SUB, 4096, BYTES, "h2", "h1"));
      host.keep(id, 3);
      left.stays(
          new VmRecord("a", id, 4, BYTES, BYTES, Phase.LEFT, List.of(), "h2", 7, true, null));
      host.release(id, 7);
    }
    assertThat(left.memory(id)).isNull();
    assertThat(ledger.grantedBytes()).isZero();
  }

  /** Others are connected about the pages, but not to bring the VM. */
  @Test
  void aReservationAsMainHostDoesNotOutliveItsMigrationWhereTheVmHasAShare() throws Exception {
    try (RemoteHost host = askedBy("h2")) {
      host.reserve(new Reservation(id, "a", 2, Role.MAIN, BYTES, BYTES, "h2", "h1"));
      host.reserve(new Reservation(id, "a", 4, Role.SUB, 4096, BYTES, "h2", "h3"));
      assertThat(ledger.grantedBytes()).isEqualTo(4096);
      Reservation late = new Reservation(id, "a", 4, Role.MAIN, BYTES, BYTES, "h2", "h1");
      assertThatThrownBy(() -> host.reserve(late)).hasMessageContaining("holds pages of VM a");
      host.keep(id, 4);
      host.reserve(new Reservation(id, "a", 5, Role.MAIN, BYTES, BYTES, "h2", "h1"));
      assertThat(ledger.grantedBytes()).isEqualTo(BYTES + 4096);
      host.turnBack(id, 5);
      assertThat(ledger.grantedBytes()).as("the share stays").isEqualTo(4096);
      host.reserve(new Reservation(id, "a", 5, Role.MAIN, BYTES, BYTES, "h2", "h1"));
    }
    arrivals.lapse(server::isArriving, Duration.ZERO);
    assertThat(ledger.grantedBytes()).isEqualTo(4096);
  }

  @Test
  void aShareIsNeededOnlyWhenTheRecordNamesTheOneWhoAsks() throws Exception {
    List<Share> shares = List.of(new Share(0, "h2", BYTES));
    new VmRecord("a", id, 4, 2 * BYTES, BYTES, Phase.HERE, shares, null, 0, false, null)
        .write(paths.vm("a"));
    assertNeeds("h2", id, true);
    assertNeeds("h3", id, false);
    assertNeeds("h2", UUID.randomUUID(), false);
  }

  private void assertNeeds(String sub, UUID vm, boolean expected) throws Exception {
    try (RemoteHost host = askedBy(sub)) {
      assertThat(host.needs(vm)).isEqualTo(expected);
    }
  }

  /** A record that stays would have its sub-hosts keep their shares until the next restart. */
  @Test
  void nothingIsLeftOfAnArrivalWhoseQemuDoesNotStart() throws Exception {
    String spec =
        "{'name':'a','id':'%s','memoryBytes':%d,'cpus':1,'machineType':'none-such'}"
            .formatted(id, BYTES)
            .replace('\'', '"');
    try (RemoteHost host = askedBy("h2")) {
      host.reserve(new Reservation(id, "a", 2, Role.MAIN, BYTES, BYTES, "h2", "h1"));
      List<Share> shares = List.of(new Share(0, "h2", BYTES));
      assertThatThrownBy(() -> host.prepare(id, 2, spec, shares)).hasMessageContaining("VM a");
      host.turnBack(id, 2);
      assertThat(host.needs(id)).isFalse();
      assertThat(host.holds(id)).isFalse();
    }
    assertThat(ledger.grantedBytes()).isZero();
  }

  @Test
  void everyShareIsNeededWhileTheVmArrives() throws Exception {
    try (RemoteHost host = askedBy("h4")) {
      host.reserve(new Reservation(id, "a", 7, Role.MAIN, BYTES, BYTES, "h4", "h1"));
      assertNeeds("h2", id, true);
      host.turnBack(id, 7);
    }
    assertNeeds("h2", id, false);
  }

  @Test
  void everyShareIsNeededWhileARecordIsDamaged() throws Exception {
    Files.createDirectories(paths.vm("a"));
    Files.writeString(paths.vm("a").resolve("vm.json"), "{");
    assertNeeds("h2", id, true);
  }

  @Test
  void aHostWithAnotherNameThanTheHostsFileHasIsRefused() {
    try (RemoteHost host = new RemoteHost("h9", server.address(), "h2")) {
      assertThatThrownBy(host::describe).hasMessageContaining("is host h1, not h9");
    }
  }
}
