package org.smemv.lab;

/**
 * Memory of one host, in bytes.
 *
 * @param total all that counts against the limit, with page cache that could be reclaimed
 * @param anonymous private memory of its processes: the agent's heap and slabs, QEMU
 * @param shared tmpfs pages: the memory of VMs
 * @param limit where the kernel stops it; Long.MAX_VALUE or nearly so when there is none
 */
public record MemoryUse(long total, long anonymous, long shared, long limit) {}
