package org.smemv.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * How this package calls libc: every function is linked once, into a {@code static final} handle
 * that the JIT sees through, and leaves {@code errno} in a segment of the calling thread.
 *
 * <p>A handle made by {@link #link} takes the errno segment first: {@code handle.invokeExact(
 * NativeCall.errnoState(), ...)}. {@link #errno()} then reads what the last call of this thread
 * left.
 */
final class NativeCall {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  /** One segment a thread, never freed: the threads that call here are few and live long. */
  private static final ThreadLocal<MemorySegment> THREAD_STATE =
      ThreadLocal.withInitial(() -> Arena.global().allocate(STATE));

  /** All of this process's memory as one segment, for structures whose address is a number. */
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private NativeCall() {}

  /** Links a libc function whose error is reported through errno. */
  static MethodHandle link(String name, FunctionDescriptor descriptor) {
    MemorySegment symbol =
        LINKER
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new IllegalStateException("libc has no function " + name));
    return LINKER.downcallHandle(symbol, descriptor, Linker.Option.captureCallState("errno"));
  }

  /** Links a variadic libc function such as {@code ioctl}; {@code fixed} arguments are named. */
  static MethodHandle linkVariadic(String name, int fixed, FunctionDescriptor descriptor) {
    MemorySegment symbol = LINKER.defaultLookup().find(name).orElseThrow();
    return LINKER.downcallHandle(
        symbol,
        descriptor,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(fixed));
  }

  /** Where the calling thread's errno goes. */
  static MemorySegment errnoState() {
    return THREAD_STATE.get();
  }

  /** The error number that the calling thread's last linked call left. */
  static int errno() {
    return (int) ERRNO.get(errnoState(), 0L);
  }

  /** The failure of the calling thread's last linked call, with its errno. */
  static SystemCallException failed(String call) {
    return new SystemCallException(call, errno());
  }

  /** What an {@code invokeExact} can throw is a bug in the linking, never an operating error. */
  static IllegalStateException broken(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a linked call broke", cause);
  }

  static FunctionDescriptor intOf(MemoryLayout... arguments) {
    return FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments);
  }

  static FunctionDescriptor longOf(MemoryLayout... arguments) {
    return FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments);
  }
}
