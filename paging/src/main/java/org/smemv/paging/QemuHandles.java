package org.smemv.paging;

/**
 * What was placed inside a QEMU so that its memory outlives the agent: numbers of descriptors
 * there.
 *
 * @param pid the process
 * @param startTime its start in clock ticks since boot (/proc/PID/stat), so that a reused pid is
 *     noticed
 * @param faultFd its userfaultfd
 * @param pipeReadFd the pipe that holds pages which are being evicted
 * @param pipeWriteFd the same pipe's other end
 */
public record QemuHandles(long pid, long startTime, int faultFd, int pipeReadFd, int pipeWriteFd) {}
