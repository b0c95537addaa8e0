package org.smemv.lab;

import java.time.Duration;
import java.util.List;

/** One host of the running lab. */
public final class LabHost {
  private final HostPlan plan;
  private final LabPlace place;

  LabHost(HostPlan plan, MemoryHierarchy memory) {
    this.plan = plan;
    this.place = new LabPlace(plan.namespace(), memory.group(plan.name()));
  }

  /** Its name, address, capacity and files. */
  public HostPlan plan() {
    return plan;
  }

  LabPlace place() {
    return place;
  }

  /**
   * Runs a program in the host's network and memory limit.
   *
   * @return its standard output
   * @throws LabException when it ends with a status other than 0, or not within 60 s
   */
  public String exec(String... program) {
    return ExternalProgram.of(place.command(List.of(program)))
        .withTimeout(Duration.ofSeconds(60))
        .output();
  }

  /** A program in the host whose streams are pipes to this process. It is in its own charge. */
  public Process start(String... program) {
    return place.start(List.of(program), ProcessBuilder.Redirect.INHERIT);
  }

  /** The memory that everything in this host uses now. */
  public MemoryUse memory() {
    return place.memory().use();
  }

  /**
   * Changes what everything in this host together may use, as for a baseline in too little memory.
   *
   * @param bytes the new limit, JVM and QEMU included
   */
  public void limitMemory(long bytes) {
    place.memory().limit(bytes);
  }

  /**
   * What has crossed its link so far, its VMs' own traffic included.
   *
   * @throws LabException when nothing runs in the host
   */
  public LinkTraffic traffic() {
    return LinkTraffic.of(processes(), LabNetwork.UPLINK);
  }

  /** Numbers of all processes that run in the host. */
  public List<Long> processes() {
    return place.memory().pids();
  }

  /** Takes the host off the network; its agent and its VMs do not notice by themselves. */
  public void cutLink() {
    LabNetwork.cut(plan);
  }

  /** Undoes {@link #cutLink()}. */
  public void restoreLink() {
    LabNetwork.restore(plan);
  }

  /** Makes a tap on the host's bridge for a VM's network card; it goes with the lab. */
  public void addTap(String name) {
    LabNetwork.addTap(plan, name);
  }

  /** Undoes {@link #addTap}. */
  public void removeTap(String name) {
    LabNetwork.removeTap(plan, name);
  }
}
