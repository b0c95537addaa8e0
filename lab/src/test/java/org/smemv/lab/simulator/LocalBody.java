package org.smemv.lab.simulator;

import static org.smemv.lab.simulator.Schedule.MILLI;
import static org.smemv.lab.simulator.Schedule.SECOND;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.smemv.lab.simulator.Memory.Place;
import org.smemv.migration.BodySource;
import org.smemv.migration.HostException;
import org.smemv.migration.MigrationPlan;
import org.smemv.migration.MigrationPlan.Mode;
import org.smemv.placement.HeatSplit;

/**
 * Stands for node's LocalBody and paging's OutgoingMemory: a VM of this host on its way to others.
 * Which page goes where is the real {@link HeatSplit}'s decision.
 */
final class LocalBody implements BodySource {
  private static final int BATCH = 6;
  private static final int UNASSIGNED = -1;
  private static final long NEVER = -1;
  private static final long PAGE_NANOS = MILLI;

  private final Agent agent;
  private final HostedVm vm;
  private final MigrationPlan plan;
  private final Rearrangement rearrangement;
  private final long epoch;
  private final Memory memory;
  private final List<Link> links = new ArrayList<>();
  private final long[] sent;
  private final int[] assigned;
  private final Map<Integer, Integer> indexThere = new HashMap<>();
  private GuestPager pager;
  private GuestPager held;
  private GuestPager squeezed;
  private HeatSplit split;
  private int[] heat;
  private long sentPages;

  /** Pages that stay here; their number at the new main host, -1 while all are sent. */
  private final Set<Integer> left = new TreeSet<>();

  private int restIndex = -1;
  private boolean offered;

  LocalBody(Agent agent, HostedVm vm, MigrationPlan plan, Rearrangement rearrangement) {
    this.agent = agent;
    this.rearrangement = rearrangement;
    this.vm = vm;
    this.plan = plan;
    this.epoch = plan.epoch();
    this.memory = vm.memory();
    this.sent = new long[memory.pages()];
    this.assigned = new int[memory.pages()];
    Arrays.fill(sent, NEVER);
    Arrays.fill(assigned, UNASSIGNED);
  }

  private void sleep(long nanos) {
    agent.schedule().current().sleep(nanos);
  }

  @Override
  public void watch() {
    agent.life().check();
    pager = vm.pager();
  }

  @Override
  public void begin(BooleanSupplier enough) throws HostException {
    List<Target> targets = plan.targets();
    if (plan.limits().mode() != Mode.POSTCOPY) { // which leaves all of it here
      squeeze(targets, enough);
    }
    if (enough.getAsBoolean()) {
      return;
    }
    plan.present().forEach(s -> indexThere.put(s.formerIndex(), s.share().index()));
    for (Target target : targets) {
      Link link = new Link(agent.network(), agent, target.host(), vm.record().id(), epoch, false);
      links.add(link);
      boolean ignored = link.open().await();
    }
    sleep(240 * MILLI);
    heat = new int[memory.pages()];
    long[] pagesByHeat = new long[HeatSplit.HEATS];
    for (int p = 0; p < memory.pages(); p++) {
      heat[p] = agent.schedule().random().nextInt(4);
      pagesByHeat[heat[p]] += memory.isPresent(p) && memory.ram(p) != 0 ? 1 : 0;
    }
    long[] subs = targets.stream().skip(1).mapToLong(LocalBody::pages).toArray();
    split = new HeatSplit(pagesByHeat, pages(targets.getFirst()), subs);
  }

  private static long pages(Target target) {
    return target.pages() / Memory.SCALE;
  }

  private void squeeze(List<Target> targets, BooleanSupplier enough) throws HostException {
    long room = targets.stream().mapToLong(LocalBody::pages).sum();
    if (pager == null || memory.limit() <= room) {
      return;
    }
    memory.limit(room);
    squeezed = pager;
    long least = Long.MAX_VALUE;
    long since = agent.schedule().nanos();
    while (memory.resident() > room && !enough.getAsBoolean()) {
      if (memory.resident() < least) {
        least = memory.resident();
        since = agent.schedule().nanos();
      } else if (agent.schedule().nanos() - since > 10 * SECOND) {
        throw new HostException(HostException.Kind.CAPACITY, "the sub-hosts do not take the rest");
      }
      sleep(20 * MILLI);
    }
  }

  private boolean isDue(int page) {
    if (memory.isPresent(page) && left.contains(page)) {
      return false; // whatever is written to it
    }
    if (sent[page] == NEVER) {
      return memory.isPresent(page) ? memory.ram(page) != 0 : memory.place(page) == Place.REMOTE;
    }
    return sent[page] != memory.changes(page);
  }

  private long due() {
    long due = 0;
    for (int p = 0; p < memory.pages(); p++) {
      due += isDue(p) ? 1 : 0;
    }
    return due;
  }

  @Override
  public Round copy(BooleanSupplier enough) throws HostException {
    requireSamePager();
    long began = agent.schedule().nanos();
    long before = sentPages;
    round(enough);
    long pages = sentPages - before;
    sleep(MILLI);
    long due = due();
    return new Round(
        pages * Memory.BYTES, agent.schedule().nanos() - began, due * Memory.SCALE, due, MILLI);
  }

  private void round(BooleanSupplier enough) throws HostException {
    for (boolean told : new boolean[] {true, false}) {
      List<Integer> batch = new ArrayList<>();
      for (int p = 0; p < memory.pages() && !enough.getAsBoolean(); p++) {
        if (isDue(p) && memory.isPresent(p) != told) {
          batch.add(p);
        }
        if (batch.size() == BATCH || p == memory.pages() - 1) {
          send(batch);
          batch.clear();
        }
      }
    }
  }

  private record Told(int page, int index, long version) {}

  /** What the targets of a batch are asked, all in parallel. */
  private final class Batch {
    final List<Call<Boolean>> stored = new ArrayList<>();
    final List<Told> told = new ArrayList<>();

    void put(int target, int page, long version) {
      stored.add(
          links
              .get(target)
              .askPages(
                  "puts " + page + "=" + version,
                  pages -> {
                    pages.put(epoch, page, version);
                    return true;
                  }));
    }

    void drop(int target, int page) {
      stored.add(
          links
              .get(target)
              .askPages(
                  "drops " + page,
                  pages -> {
                    pages.drop(epoch, page);
                    return true;
                  }));
    }

    void finish() throws HostException {
      for (Call<Boolean> call : stored) {
        boolean ignored = call.await();
      }
      if (!told.isEmpty()) {
        boolean ignored = links.getFirst().ask("places " + told, this::place).await();
      }
    }

    private Boolean place(Agent main) throws HostException {
      IncomingMemory incoming = main.incoming(vm.record().id());
      for (Told page : told) {
        incoming.place(epoch, page.page(), page.index(), page.version());
      }
      return true;
    }
  }

  private void send(List<Integer> pages) throws HostException {
    if (pages.isEmpty()) {
      return;
    }
    agent.life().check();
    Batch batch = new Batch();
    for (int page : pages) {
      sent[page] = memory.changes(page);
      if (!memory.isPresent(page)) {
        tell(batch, page);
      } else if (restIndex >= 0) {
        giveBack(batch, page);
        left.add(page);
        batch.told.add(new Told(page, restIndex, Memory.UNKNOWN));
      } else {
        send(batch, page);
      }
    }
    sleep(PAGE_NANOS * pages.size());
    batch.finish();
  }

  private void tell(Batch batch, int page) throws HostException {
    if (memory.place(page) != Place.REMOTE) {
      throw agent.world().checker().broken("page " + page + " was sent and is zeros now");
    }
    Integer there = indexThere.get(memory.host(page));
    if (there == null) {
      throw Agent.refused("page " + page + " is at a sub-host that the new main host lacks");
    }
    giveBack(batch, page);
    left.remove(page);
    batch.told.add(new Told(page, there, memory.checksum(page)));
  }

  /** It does not go to the target that it was assigned to. */
  private void giveBack(Batch batch, int page) {
    if (assigned[page] != UNASSIGNED) {
      if (assigned[page] != HeatSplit.MAIN) {
        batch.drop(assigned[page], page);
      }
      split.giveBack(assigned[page]);
      assigned[page] = UNASSIGNED;
    }
  }

  private void send(Batch batch, int page) throws HostException {
    if (assigned[page] == UNASSIGNED) {
      assigned[page] = split.place(heat[page]);
    }
    if (assigned[page] < 0) {
      throw new HostException(HostException.Kind.CAPACITY, "no target has room for page " + page);
    }
    long version = memory.ram(page);
    batch.put(assigned[page], page, version);
    if (assigned[page] != HeatSplit.MAIN) {
      batch.told.add(new Told(page, assigned[page] - 1, version));
    }
    sentPages++;
  }

  @Override
  public long pause() throws HostException {
    agent.life().check();
    vm.qemu().state = Qemu.State.STOPPED;
    long stopped = agent.schedule().nanos();
    agent.note(vm.record().name() + " stands");
    sleep(agent.schedule().between(1, 20 * MILLI));
    requireSamePager();
    if (pager != null) {
      held = pager;
      for (int i = 0; i < 40 && !pager.hold(); i++) {
        sleep(50 * MILLI);
      }
      if (!pager.hold()) {
        throw Agent.refused("its paging does not come to rest");
      }
    }
    return stopped;
  }

  private void requireSamePager() throws HostException {
    if (vm.pager() != pager) {
      throw Agent.refused("the VM's paging broke meanwhile");
    }
  }

  @Override
  public boolean copyLast(BooleanSupplier enough) throws HostException {
    while (due() > 0) {
      round(enough);
      if (enough.getAsBoolean()) {
        return false;
      }
    }
    if (offered) {
      agent.left().serve(vm.record().id(), left);
    }
    return true;
  }

  @Override
  public boolean sendBody(BooleanSupplier enough) throws HostException {
    boolean ignored =
        links
            .getFirst()
            .ask(
                "body",
                main -> {
                  main.arrivals().body(vm.record().id(), epoch);
                  return true;
                })
            .await();
    requireSamePager();
    return !enough.getAsBoolean();
  }

  @Override
  public void aboutToCommit(String mainHost, long newEpoch) throws HostException {
    vm.change(record -> record.leaving(mainHost, newEpoch, offered));
  }

  @Override
  public void offerRest() {
    agent.life().check();
    agent.left().offer(vm, plan.main(), epoch);
    offered = true;
  }

  @Override
  public void leaveRest(int index) {
    restIndex = index;
  }

  @Override
  public long pagesEpoch() {
    return rearrangement.pagesEpoch();
  }

  @Override
  public void rearrange(MigrationPlan changed) throws HostException {
    rearrangement.commit(changed);
  }

  @Override
  public Unmoved unmoved() {
    return rearrangement.unmoved();
  }

  @Override
  public void giveUp() {
    agent.life().check();
    links.forEach(Link::close);
    if (offered) {
      agent.left().withdraw(vm.record().id());
      offered = false;
    }
    if (squeezed != null) {
      memory.limitBytes(vm.record().mainMemoryBytes());
    }
    if (held != null) {
      held.goOn();
    }
    vm.comeBackSurely();
  }

  @Override
  public void retire() {
    agent.life().check();
    links.forEach(Link::close);
    agent.gone(vm);
  }

  @Override
  public Progress progress() {
    return new Progress(memory.pages(), sentPages, 0, sentPages, due(), List.of());
  }
}
