package org.smemv.lab.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.smemv.migration.HostControl.Reservation;
import org.smemv.migration.HostControl.Role;
import org.smemv.migration.HostException;
import org.smemv.migration.ShareBook;
import org.smemv.node.agent.VmRecord;
import org.smemv.node.agent.VmRecord.TakenNote;
import org.smemv.node.api.HostReport;
import org.smemv.placement.MemoryLedger;

/**
 * Stands for node's HostAgent, ControlRequests, HostedVms and TakenVms: one agent process, and all
 * that is lost with it. Ledger and shares follow the real {@link MemoryLedger} and {@link
 * ShareBook}.
 */
final class Agent {
  private final World world;
  private final Machine machine;
  private final Life life = new Life();
  private final MemoryLedger ledger;
  private final ShareBook<PageStore> shares;
  private final Arrivals arrivals = new Arrivals(this);
  private final Departures departures = new Departures(this);
  private final LeftVms left = new LeftVms(this);
  private final Map<UUID, HostedVm> vms = new LinkedHashMap<>();
  private final List<Link> connections = new ArrayList<>();

  Agent(World world, Machine machine) {
    this.world = world;
    this.machine = machine;
    long promised = has(Flaw.TWO_PLANNERS_GET_THE_SAME_MEMORY) ? 2 : 1;
    this.ledger = new MemoryLedger(machine.capacityBytes() * promised);
    this.shares = new ShareBook<>(ledger, wanted -> new PageStore(this, wanted), schedule()::nanos);
  }

  static HostException refused(String why) {
    return new HostException(HostException.Kind.REFUSED, why);
  }

  static MemoryLedger.Key mainKey(UUID vm) {
    return new MemoryLedger.Key(vm, MemoryLedger.Use.MAIN);
  }

  /** Begins to work, once the VMs that are here were taken hold of. */
  void begin() {
    machine.agent(this);
    new Survivors(this).takeHold();
    start("housekeeping", new Housekeeping(this)::run);
    schedule()
        .each(Directory.HEARTBEAT, life, () -> world.directory().heard(this, schedule().nanos()));
  }

  String name() {
    return machine.name();
  }

  Machine machine() {
    return machine;
  }

  Life life() {
    return life;
  }

  World world() {
    return world;
  }

  Schedule schedule() {
    return world.schedule();
  }

  Network network() {
    return world.network();
  }

  MemoryLedger ledger() {
    return ledger;
  }

  ShareBook<PageStore> shares() {
    return shares;
  }

  Arrivals arrivals() {
    return arrivals;
  }

  LeftVms left() {
    return left;
  }

  Departures departures() {
    return departures;
  }

  boolean has(Flaw flaw) {
    return world.flaw() == flaw;
  }

  String vmName(UUID vm) {
    return world.guest(vm).name();
  }

  void note(String what) {
    schedule().note(name() + ": " + what);
  }

  void start(String task, Task.Body body) {
    schedule().start(name() + " " + task, life, body);
  }

  /** Something that the agent does a little later, if it lives. */
  interface Deed {
    void done() throws HostException;
  }

  void soon(long nanos, Deed deed) {
    schedule()
        .after(
            nanos,
            () -> {
              if (!life.isOver()) {
                try {
                  deed.done();
                } catch (HostException e) {
                  note(e.getMessage());
                } catch (Life.AgentDied e) {
                  // what it still had to do is not done
                }
              }
            });
  }

  /** Writes a record; the agent may die before or after it. */
  void write(VmRecord record) {
    life.check();
    boolean dies = world.diesAtWrite(this);
    if (dies && schedule().oneIn(2)) {
      world.crash(machine);
      throw new Life.AgentDied();
    }
    VmRecord before = machine.write(record);
    note("writes " + record.name() + " " + record.phase() + " " + record.epoch());
    world.checker().written(machine, before, record);
    if (dies) {
      world.crash(machine);
      throw new Life.AgentDied();
    }
  }

  void noteTaken(VmRecord record) {
    TakenNote note = record.note();
    if (note != null) {
      machine.notes.put(record.id(), note.after(machine.notes.get(record.id())));
    }
  }

  void add(HostedVm vm) {
    vms.put(vm.record().id(), vm);
  }

  HostedVm vm(UUID id) {
    return vms.get(id);
  }

  List<HostedVm> vms() {
    return List.copyOf(vms.values());
  }

  /** Ends QEMU and forgets the VM here; its grant is for the caller. */
  void destroy(HostedVm vm) {
    life.check();
    UUID id = vm.record().id();
    vm.close();
    machine.qemus.remove(id);
    machine.records().remove(id);
    vms.remove(id);
    note(vm.record().name() + " has ended here");
  }

  /** Ends the QEMU of a VM whose memory is still needed; its record is for the caller. */
  void leave(UUID id) {
    life.check();
    Qemu qemu = machine.qemus.remove(id);
    machine.rams.put(id, qemu.memory);
    vms.remove(id);
  }

  /** The VM has left for good. */
  void gone(HostedVm vm) {
    life.check();
    if (vm.record().leavesRest()) {
      left.leave(vm);
      return;
    }
    destroy(vm);
    ledger.release(mainKey(vm.record().id()));
  }

  void adopt(HostedVm vm, long epoch) {
    if (!vm.record().shares().isEmpty()) {
      start("adopt-" + vm.record().name(), new ShareAdoption(this, vm, epoch)::run);
    }
  }

  void leaveShares(HostedVm vm) {
    if (!LeavingShares.leaving(vm).isEmpty()) {
      start("leaving-" + vm.record().name(), new LeavingShares(this, vm)::run);
    }
  }

  /** More may be here than the record allows: it is counted until it has left. */
  void grantWhatIsHere(HostedVm vm) {
    long allowed = vm.record().mainMemoryBytes();
    long here = vm.memory().resident() * Memory.BYTES;
    if (here > allowed) {
      try {
        ledger.grant(mainKey(vm.record().id()), here);
        GrantShrinking.begin(this, vm, here, allowed);
      } catch (MemoryLedger.NotEnough e) {
        throw new Violation(name() + " had room for " + vm.record().name(), e);
      }
    }
  }

  HostReport report() {
    List<String> names = vms.values().stream().map(vm -> vm.record().name()).toList();
    return new HostReport(
        name(),
        ledger.capacityBytes(),
        ledger.freeBytes(),
        0,
        ledger.grantedBytes(),
        names,
        List.of(),
        machine.draining);
  }

  void reserve(Reservation wanted) throws HostException {
    if (machine.draining) {
      throw refused("host " + name() + " is draining");
    }
    endRest(wanted);
    if (wanted.role() == Role.MAIN) {
      shares.requireOlder(wanted);
      arrivals.reserve(wanted);
    } else {
      arrivals.release(wanted.vm(), wanted.epoch() - 1);
      shares.reserve(wanted);
    }
  }

  private void endRest(Reservation wanted) throws HostException {
    boolean ignored = left.release(wanted.vm(), wanted.epoch() - 1);
    if (left.memory(wanted.vm()) != null) {
      throw refused("VM " + wanted.name() + " is just leaving it");
    }
  }

  void release(UUID vm, long epoch) {
    boolean share = shares.release(vm, epoch);
    boolean ignored = left.release(vm, epoch) || share;
  }

  void turnBack(UUID vm, long epoch) {
    arrivals.release(vm, epoch);
    if (has(Flaw.TURNING_BACK_FREES_THE_SHARE)) {
      release(vm, epoch);
    }
  }

  void adopt(UUID vm, long epoch, String main) throws HostException {
    if (left.memory(vm) == null) {
      shares.adopt(vm, epoch, main);
    }
  }

  /** Who takes frames about a VM: as in HostAgent. */
  PageHolder holder(UUID vm, String caller, long epoch) throws HostException {
    HostedVm here = vms.get(vm);
    PageStore share = shares.pages(vm);
    boolean ownPart = caller.equals(name());
    if (here != null && ownPart) {
      return store(vm);
    }
    if (here != null && share != null && epoch < here.record().epoch()) {
      return share;
    }
    if (here != null && here.incoming() != null) {
      return here.incoming();
    }
    return left.memory(vm) != null ? left.memory(vm) : store(vm);
  }

  PageStore store(UUID vm) throws HostException {
    PageStore store = shares.pages(vm);
    if (store == null) {
      throw refused("it holds nothing of the VM");
    }
    return store;
  }

  IncomingMemory incoming(UUID vm) throws HostException {
    HostedVm here = vms.get(vm);
    if (here == null || here.incoming() == null) {
      throw refused("the VM is not arriving");
    }
    return here.incoming();
  }

  void connected(Link link) {
    connections.stream().filter(link::succeeds).forEach(Link::superseded);
    connections.removeIf(Link::isSuperseded);
    connections.add(link);
  }

  boolean isConnected(UUID vm) {
    return connections.stream().anyMatch(link -> link.vm().equals(vm) && link.isHeard());
  }

  /** Whether anybody is connected to bring a VM here. */
  boolean isArriving(UUID vm) {
    return connections.stream()
        .anyMatch(link -> link.vm().equals(vm) && link.isHeard() && link.isForArrival());
  }

  void disconnect(UUID vm) {
    connections.stream().filter(link -> link.vm().equals(vm)).forEach(Link::close);
  }

  /** The process has ended: the kernel tells those who were connected. */
  void connectionsBreak() {
    schedule().after(Schedule.MILLI, () -> connections.forEach(Link::close));
  }
}
