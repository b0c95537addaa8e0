package org.smemv.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Makes a thread of another process do system calls on our behalf, by ptrace(2), without writing
 * code into it: a thread that sleeps in the kernel stands right behind a {@code syscall}
 * instruction, so setting its registers and stepping back over that instruction is enough. Its own
 * call is restarted afterwards as if a signal had been ignored. Takes 0.4 to 20 ms, during which
 * that one thread stands.
 *
 * <p>Only calls that do not block may be made. ptrace binds a tracee to one thread of the tracer,
 * so the whole work runs on a platform thread of its own.
 */
public final class ForeignSystemCalls {
  private static final MethodHandle PTRACE =
      NativeCall.linkVariadic(
          "ptrace", 1, NativeCall.longOf(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle WAITPID =
      NativeCall.link("waitpid", NativeCall.intOf(JAVA_INT, JAVA_LONG, JAVA_INT));

  private static final int PTRACE_PEEKDATA = 2;
  private static final int PTRACE_CONT = 7;
  private static final int PTRACE_SINGLESTEP = 9;
  private static final int PTRACE_GETREGS = 12;
  private static final int PTRACE_SETREGS = 13;
  private static final int PTRACE_DETACH = 17;
  private static final int PTRACE_SEIZE = 0x4206;
  private static final int PTRACE_INTERRUPT = 0x4207;
  private static final int PTRACE_EVENT_STOP = 128;
  private static final int WAIT_ALL = 0x40000000;
  private static final int WAIT_NO_HANG = 1;
  private static final int SIGTRAP = 5;
  private static final long SYS_TGKILL = 234;

  /** Offsets in {@code struct user_regs_struct} of x86-64 (sys/user.h). */
  static final int REGS_BYTES = 216;

  static final int R10 = 56;
  static final int R9 = 64;
  static final int R8 = 72;
  static final int RAX = 80;
  static final int RDX = 96;
  static final int RSI = 104;
  static final int RDI = 112;
  static final int ORIG_RAX = 120;
  static final int RIP = 128;
  static final int RSP = 152;

  /** {@code 0f 05}, little-endian: the syscall instruction. */
  private static final int SYSCALL_INSTRUCTION = 0x050f;

  private static final int ATTEMPTS = 20;

  /** Lists of the threads that are tried, one after the other. */
  private static final int PASSES = 4;

  private static final long POLL_NANOS = 100_000;
  private static final long STOP_TIMEOUT_NANOS = 2_000_000_000L;

  private final int pid;
  private final int tid;
  private final MemorySegment saved;
  private final MemorySegment regs;
  private final MemorySegment word;
  private final List<Integer> heldSignals = new ArrayList<>();

  private ForeignSystemCalls(int pid, int tid, Arena arena) {
    this.pid = pid;
    this.tid = tid;
    this.saved = arena.allocate(REGS_BYTES, 8);
    this.regs = arena.allocate(REGS_BYTES, 8);
    this.word = arena.allocate(JAVA_INT);
  }

  /**
   * Stops a sleeping thread of {@code pid}, lets {@code work} make calls in it, and lets it go on.
   *
   * @throws SystemCallException when the process cannot be traced: EPERM without CAP_SYS_PTRACE,
   *     ESRCH when it is gone
   * @throws IllegalStateException when no thread could be held inside a system call
   */
  public static <T> T inside(long pid, Function<ForeignSystemCalls, T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("ptrace-" + pid)
        .daemon()
        .start(
            () -> {
              try {
                result.complete(
                    insideAnyThread(Math.toIntExact(pid), ForeignSystemCalls::threadsToTry, work));
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    try {
      return result.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /**
   * Threads come and go while they are tried: QEMU's workers live for seconds. So one that is gone
   * is passed over, and a fresh list is taken when none of a list could be held.
   *
   * @param threads lists the threads of the process in the order to try
   */
  static <T> T insideAnyThread(
      int pid, IntFunction<List<Integer>> threads, Function<ForeignSystemCalls, T> work) {
    Attempts attempts = new Attempts();
    for (int pass = 0; pass < PASSES; pass++) {
      for (int tid : threads.apply(pid)) {
        try (Arena arena = Arena.ofConfined()) {
          var calls = new ForeignSystemCalls(pid, tid, arena);
          if (calls.hold(attempts)) {
            return calls.run(work);
          }
        }
      }
    }
    throw attempts.failure(pid);
  }

  /** How the attempts to hold a thread ended. */
  private static final class Attempts {
    private int ended;
    private int outside;
    private @Nullable SystemCallException last;

    void refused(SystemCallException refusal) {
      ended++;
      last = refusal;
    }

    RuntimeException failure(int pid) {
      if (outside == 0 && last != null) {
        return last;
      }
      return new IllegalStateException(
          ("no thread of process %d could be held inside a system call: in %d passes over its"
                  + " threads %d were outside of one and %d had ended")
              .formatted(pid, PASSES, outside, ended));
    }
  }

  /** Stops the thread inside a system call; false when that cannot be, and then it is let go. */
  private boolean hold(Attempts attempts) {
    boolean held = false;
    try {
      ptrace(PTRACE_SEIZE, 0, 0);
      try {
        held = stopInSystemCall();
        attempts.outside += held ? 0 : 1;
        return held;
      } finally {
        if (!held) {
          letGo();
        }
      }
    } catch (SystemCallException e) {
      // ptrace(2): ESRCH when it is gone; an exiting thread that is not reaped yet gives EPERM.
      if (e.errno() != Errno.ESRCH && e.errno() != Errno.EPERM && e.errno() != Errno.ECHILD) {
        throw e;
      }
      attempts.refused(e);
      return false;
    }
  }

  private <T> T run(Function<ForeignSystemCalls, T> work) {
    try {
      return work.apply(this);
    } finally {
      try {
        ptrace(PTRACE_SETREGS, 0, saved.address());
      } finally {
        letGo();
      }
    }
  }

  /**
   * The first thread comes last: it is QEMU's main loop, whose delay a guest would notice, and if
   * the process is our child, the JVM's own waitpid(2) for its end would take the stop that we wait
   * for.
   */
  static List<Integer> threadsToTry(int pid) {
    String[] names = new File("/proc/" + pid + "/task").list();
    if (names == null) {
      throw new SystemCallException("open(/proc/" + pid + "/task)", Errno.ESRCH.number());
    }
    List<Integer> threads = new ArrayList<>();
    for (String name : names) {
      int tid = Integer.parseInt(name);
      if (tid != pid) {
        threads.add(tid);
      }
    }
    threads.add(pid);
    return threads;
  }

  private void letGo() {
    ptraceRaw(PTRACE_DETACH, 0, 0);
    for (int signal : heldSignals) {
      // Signals that arrived while the thread stood are its own: hand them over now.
      long ignored = Libc.syscall(SYS_TGKILL, pid, tid, signal, 0, 0, 0);
    }
  }

  private boolean stopInSystemCall() {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      ptrace(PTRACE_INTERRUPT, 0, 0);
      awaitStop(true);
      ptrace(PTRACE_GETREGS, 0, saved.address());
      if ((peek(saved.get(JAVA_LONG, RIP) - 2) & 0xffff) == SYSCALL_INSTRUCTION) {
        return true;
      }
      ptrace(PTRACE_CONT, 0, 0);
      LockSupport.parkNanos(POLL_NANOS);
    }
    return false;
  }

  /**
   * Makes the stopped thread do one system call.
   *
   * @return what the kernel returned: a negative error number on failure
   */
  public long call(long number, long... arguments) {
    MemorySegment.copy(saved, 0, regs, 0, REGS_BYTES);
    int[] slots = {RDI, RSI, RDX, R10, R8, R9};
    for (int i = 0; i < slots.length; i++) {
      regs.set(JAVA_LONG, slots[i], i < arguments.length ? arguments[i] : 0);
    }
    regs.set(JAVA_LONG, RAX, number);
    // Not in a call as far as the kernel's restart logic is concerned.
    regs.set(JAVA_LONG, ORIG_RAX, -1);
    regs.set(JAVA_LONG, RIP, saved.get(JAVA_LONG, RIP) - 2);
    ptrace(PTRACE_SETREGS, 0, regs.address());
    ptrace(PTRACE_SINGLESTEP, 0, 0);
    awaitStop(false);
    ptrace(PTRACE_GETREGS, 0, regs.address());
    return regs.get(JAVA_LONG, RAX);
  }

  /** Memory of the stopped thread that a call may write a small result to: free stack below rsp. */
  public long scratchAddress() {
    // 128 bytes below rsp belong to the running function (the red zone of the x86-64 ABI).
    return (saved.get(JAVA_LONG, RSP) - 512) & ~15L;
  }

  /** Eight bytes of the process's memory. */
  public long peek(long address) {
    // glibc's ptrace returns the word itself, and sets errno to 0 when it could read it.
    long value = ptraceRaw(PTRACE_PEEKDATA, address, 0);
    if (value == -1 && NativeCall.errno() != 0) {
      throw NativeCall.failed(
          "ptrace(PTRACE_PEEKDATA, " + tid + ", 0x" + Long.toHexString(address) + ")");
    }
    return value;
  }

  private void awaitStop(boolean eventStop) {
    while (true) {
      int status = nextStop();
      int signal = (status >> 8) & 0xff;
      boolean event = (status >> 16) == PTRACE_EVENT_STOP;
      if (event ? eventStop : !eventStop && signal == SIGTRAP) {
        return;
      }
      if (!event) {
        heldSignals.add(signal);
      }
      ptrace(eventStop ? PTRACE_CONT : PTRACE_SINGLESTEP, 0, 0);
    }
  }

  private int nextStop() {
    long deadline = System.nanoTime() + STOP_TIMEOUT_NANOS;
    while (true) {
      int result;
      try {
        result =
            (int)
                WAITPID.invokeExact(
                    NativeCall.errnoState(), tid, word.address(), WAIT_ALL | WAIT_NO_HANG);
      } catch (Throwable e) {
        throw NativeCall.broken(e);
      }
      if (result < 0) {
        throw NativeCall.failed("waitpid(" + tid + ")");
      }
      if (result == tid) {
        int status = word.get(JAVA_INT, 0);
        if ((status & 0xff) != 0x7f) {
          throw new SystemCallException(
              "waitpid(" + tid + "), whose process ended", Errno.ESRCH.number());
        }
        return status;
      }
      if (System.nanoTime() > deadline) {
        throw new SystemCallException(
            "stopping thread " + tid + " of process " + pid, Errno.ETIMEDOUT.number());
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private void ptrace(int request, long address, long data) {
    if (ptraceRaw(request, address, data) < 0) {
      throw NativeCall.failed("ptrace(" + requestText(request) + ", " + tid + ")");
    }
  }

  private static String requestText(int request) {
    return switch (request) {
      case PTRACE_CONT -> "PTRACE_CONT";
      case PTRACE_SINGLESTEP -> "PTRACE_SINGLESTEP";
      case PTRACE_GETREGS -> "PTRACE_GETREGS";
      case PTRACE_SETREGS -> "PTRACE_SETREGS";
      case PTRACE_SEIZE -> "PTRACE_SEIZE";
      case PTRACE_INTERRUPT -> "PTRACE_INTERRUPT";
      default -> "0x" + Integer.toHexString(request);
    };
  }

  private long ptraceRaw(int request, long address, long data) {
    try {
      return (long) PTRACE.invokeExact(NativeCall.errnoState(), request, tid, address, data);
    } catch (Throwable e) {
      throw NativeCall.broken(e);
    }
  }
}
