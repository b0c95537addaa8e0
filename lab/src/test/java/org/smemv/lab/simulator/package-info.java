/**
 * A seeded simulator of many hosts: what goes wrong where machines fail, without machines.
 *
 * <p>The real {@link org.smemv.migration.Migration}, {@code DeparturePlan}, {@code
 * RearrangementPlan}, {@code PlacementPlanner}, {@code ShareSizes}, {@code HeatSplit}, {@code
 * MemoryLedger}, {@code VmRecord} and {@code ShareBook} (all rules of {@code HeldShares}) run in
 * virtual time. What is tied to files, sockets or QEMU is stood for by a class of the same name
 * here, one rule each, which says so: {@code Arrivals}, {@code Departures}, {@code FirstRun},
 * {@code GuestPager}, {@code Housekeeping}, {@code HostedVm}, {@code IncomingMemory}, {@code
 * LeavingShares}, {@code LeftVms}, {@code LeftMemory}, {@code Rearrangement}, {@code
 * GrantShrinking}, {@code GrantsAfterRestart}, {@code LocalBody}, {@code PageEvictor}, {@code
 * PagePuller}, {@code PageStore}, {@code RemoteHost}, {@code ShareAdoption}, {@code Survivors};
 * {@code Agent} for {@code HostAgent}, {@code ControlRequests} and {@code HostedVms}, {@code
 * Directory} for {@code HostDirectory}. Whoever changes a rule there changes it here.
 *
 * <p>{@link org.smemv.lab.simulator.World} is made by a seed. {@link
 * org.smemv.lab.simulator.Schedule} lets one thing happen at a time, in an order that the seed
 * decides; a task that waits hands a baton over. {@link org.smemv.lab.simulator.Machine} is what
 * outlives an agent, {@link org.smemv.lab.simulator.Agent} what dies with it. {@link
 * org.smemv.lab.simulator.Network}, {@link org.smemv.lab.simulator.Hazards} and {@link
 * org.smemv.lab.simulator.Trouble} are what goes wrong, {@link org.smemv.lab.simulator.Operator}
 * moves VMs about, each {@link org.smemv.lab.simulator.Guest} writes all the time. A page is the
 * number of the write that made it, so that {@link org.smemv.lab.simulator.Checker} knows after
 * every step whether the newest contents are where they must be. Once nothing goes wrong any more,
 * {@link org.smemv.lab.simulator.FinalCheck} says what has not come to rest. A {@link
 * org.smemv.lab.simulator.Flaw} is a bug on purpose, to see that it is found.
 */
package org.smemv.lab.simulator;
