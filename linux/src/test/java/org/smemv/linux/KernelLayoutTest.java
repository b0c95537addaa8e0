package org.smemv.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import org.junit.jupiter.api.Test;

/**
 * The numbers and offsets in use against the structures as ioctl_userfaultfd(2), userfaultfd(2),
 * the kernel's pagemap.rst and sys/user.h declare them. The number of a request is made from the
 * size of its structure (asm-generic/ioctl.h), so a wrong layout is also a wrong number.
 */
class KernelLayoutTest {
  private static final long WRITE = 1;
  private static final long READ = 2;
  private static final int UFFDIO = 0xAA;

  private static final StructLayout UFFDIO_RANGE = longs("start", "len");
  private static final StructLayout UFFDIO_API = longs("api", "features", "ioctls");
  private static final StructLayout UFFDIO_REGISTER =
      structLayout(UFFDIO_RANGE.withName("range"), field("mode"), field("ioctls"));
  private static final StructLayout UFFDIO_COPY = longs("dst", "src", "len", "mode", "copy");
  private static final StructLayout UFFDIO_ZEROPAGE =
      structLayout(UFFDIO_RANGE.withName("range"), field("mode"), field("zeropage"));

  private static final StructLayout UFFD_MSG =
      structLayout(
          JAVA_BYTE.withName("event"),
          JAVA_BYTE.withName("reserved1"),
          JAVA_SHORT.withName("reserved2"),
          JAVA_INT.withName("reserved3"),
          structLayout(
                  field("flags"), field("address"), JAVA_INT.withName("ptid"), paddingLayout(4))
              .withName("pagefault"));

  private static final StructLayout PM_SCAN_ARG =
      longs(
          "size",
          "flags",
          "start",
          "end",
          "walk_end",
          "vec",
          "vec_len",
          "max_pages",
          "category_inverted",
          "category_mask",
          "category_anyof_mask",
          "return_mask");
  private static final StructLayout PAGE_REGION = longs("start", "end", "categories");

  private static final StructLayout USER_REGS =
      longs(
          "r15",
          "r14",
          "r13",
          "r12",
          "rbp",
          "rbx",
          "r11",
          "r10",
          "r9",
          "r8",
          "rax",
          "rcx",
          "rdx",
          "rsi",
          "rdi",
          "orig_rax",
          "rip",
          "cs",
          "eflags",
          "rsp",
          "ss",
          "fs_base",
          "gs_base",
          "ds",
          "es",
          "fs",
          "gs");

  private static MemoryLayout field(String name) {
    return JAVA_LONG.withName(name);
  }

  private static StructLayout longs(String... names) {
    MemoryLayout[] fields = new MemoryLayout[names.length];
    for (int i = 0; i < names.length; i++) {
      fields[i] = field(names[i]);
    }
    return structLayout(fields);
  }

  /** {@code _IOC(direction, type, number, size)} of asm-generic/ioctl.h. */
  private static long request(long direction, int type, int number, MemoryLayout argument) {
    return direction << 30 | argument.byteSize() << 16 | (long) type << 8 | number;
  }

  private static long offset(GroupLayout layout, String... names) {
    MemoryLayout.PathElement[] path = new MemoryLayout.PathElement[names.length];
    for (int i = 0; i < names.length; i++) {
      path[i] = groupElement(names[i]);
    }
    return layout.byteOffset(path);
  }

  @Test
  void requestsToAUserFaultDescriptorHaveTheKernelsNumbers() {
    assertThat(UserFaultFd.UFFDIO_API).isEqualTo(request(READ | WRITE, UFFDIO, 0x3f, UFFDIO_API));
    assertThat(UserFaultFd.UFFDIO_REGISTER)
        .isEqualTo(request(READ | WRITE, UFFDIO, 0, UFFDIO_REGISTER));
    assertThat(UserFaultFd.UFFDIO_UNREGISTER).isEqualTo(request(READ, UFFDIO, 1, UFFDIO_RANGE));
    assertThat(UserFaultFd.UFFDIO_WAKE).isEqualTo(request(READ, UFFDIO, 2, UFFDIO_RANGE));
    assertThat(UserFaultFd.UFFDIO_COPY).isEqualTo(request(READ | WRITE, UFFDIO, 3, UFFDIO_COPY));
    assertThat(UserFaultFd.UFFDIO_ZEROPAGE)
        .isEqualTo(request(READ | WRITE, UFFDIO, 4, UFFDIO_ZEROPAGE));
  }

  @Test
  void structuresOfAUserFaultDescriptorHaveTheKernelsLayout() {
    assertThat(UserFaultFd.API_BYTES).isEqualTo((int) UFFDIO_API.byteSize());
    assertThat(UserFaultFd.API_FEATURES).isEqualTo((int) offset(UFFDIO_API, "features"));
    assertThat(UserFaultFd.RANGE_BYTES).isEqualTo((int) UFFDIO_RANGE.byteSize());
    assertThat(UserFaultFd.RANGE_START).isEqualTo((int) offset(UFFDIO_RANGE, "start"));
    assertThat(UserFaultFd.RANGE_LEN).isEqualTo((int) offset(UFFDIO_RANGE, "len"));
    assertThat(UserFaultFd.REGISTER_BYTES).isEqualTo((int) UFFDIO_REGISTER.byteSize());
    assertThat(offset(UFFDIO_REGISTER, "range")).isZero();
    assertThat(UserFaultFd.REGISTER_MODE).isEqualTo((int) offset(UFFDIO_REGISTER, "mode"));
    assertThat(UserFaultFd.ZEROPAGE_BYTES).isEqualTo((int) UFFDIO_ZEROPAGE.byteSize());
    assertThat(UserFaultFd.ZEROPAGE_MODE).isEqualTo((int) offset(UFFDIO_ZEROPAGE, "mode"));
    assertThat(UserFaultFd.ZEROPAGE_RESULT).isEqualTo((int) offset(UFFDIO_ZEROPAGE, "zeropage"));
  }

  @Test
  void copiesAndMessagesHaveTheKernelsLayout() {
    assertThat(UserFaultFd.COPY_BYTES).isEqualTo((int) UFFDIO_COPY.byteSize());
    assertThat(UserFaultFd.COPY_DST).isEqualTo((int) offset(UFFDIO_COPY, "dst"));
    assertThat(UserFaultFd.COPY_SRC).isEqualTo((int) offset(UFFDIO_COPY, "src"));
    assertThat(UserFaultFd.COPY_LEN).isEqualTo((int) offset(UFFDIO_COPY, "len"));
    assertThat(UserFaultFd.COPY_MODE).isEqualTo((int) offset(UFFDIO_COPY, "mode"));
    assertThat(UserFaultFd.COPY_RESULT).isEqualTo((int) offset(UFFDIO_COPY, "copy"));
    assertThat(UserFaultFd.MESSAGE_BYTES).isEqualTo((int) UFFD_MSG.byteSize());
    assertThat(offset(UFFD_MSG, "event")).isZero();
    assertThat(UserFaultFd.MESSAGE_ADDRESS)
        .isEqualTo((int) offset(UFFD_MSG, "pagefault", "address"));
  }

  @Test
  void theScanOfAPageMapHasTheKernelsNumberAndLayout() {
    assertThat(Pagemap.PAGEMAP_SCAN).isEqualTo(request(READ | WRITE, 'f', 16, PM_SCAN_ARG));
    assertThat(Pagemap.ARGUMENT_BYTES).isEqualTo((int) PM_SCAN_ARG.byteSize());
    assertThat(Pagemap.SIZE).isEqualTo((int) offset(PM_SCAN_ARG, "size"));
    assertThat(Pagemap.FLAGS).isEqualTo((int) offset(PM_SCAN_ARG, "flags"));
    assertThat(Pagemap.START).isEqualTo((int) offset(PM_SCAN_ARG, "start"));
    assertThat(Pagemap.END).isEqualTo((int) offset(PM_SCAN_ARG, "end"));
    assertThat(Pagemap.WALK_END).isEqualTo((int) offset(PM_SCAN_ARG, "walk_end"));
    assertThat(Pagemap.VEC).isEqualTo((int) offset(PM_SCAN_ARG, "vec"));
    assertThat(Pagemap.VEC_LEN).isEqualTo((int) offset(PM_SCAN_ARG, "vec_len"));
    assertThat(Pagemap.CATEGORY_MASK).isEqualTo((int) offset(PM_SCAN_ARG, "category_mask"));
    assertThat(Pagemap.RETURN_MASK).isEqualTo((int) offset(PM_SCAN_ARG, "return_mask"));
    assertThat(Pagemap.REGION_BYTES).isEqualTo((int) PAGE_REGION.byteSize());
    assertThat(Pagemap.REGION_START).isEqualTo((int) offset(PAGE_REGION, "start"));
    assertThat(Pagemap.REGION_END).isEqualTo((int) offset(PAGE_REGION, "end"));
  }

  @Test
  void registersOfAStoppedThreadHaveTheKernelsLayout() {
    assertThat(ForeignSystemCalls.REGS_BYTES).isEqualTo((int) USER_REGS.byteSize());
    assertThat(ForeignSystemCalls.R10).isEqualTo((int) offset(USER_REGS, "r10"));
    assertThat(ForeignSystemCalls.R9).isEqualTo((int) offset(USER_REGS, "r9"));
    assertThat(ForeignSystemCalls.R8).isEqualTo((int) offset(USER_REGS, "r8"));
    assertThat(ForeignSystemCalls.RAX).isEqualTo((int) offset(USER_REGS, "rax"));
    assertThat(ForeignSystemCalls.RDX).isEqualTo((int) offset(USER_REGS, "rdx"));
    assertThat(ForeignSystemCalls.RSI).isEqualTo((int) offset(USER_REGS, "rsi"));
    assertThat(ForeignSystemCalls.RDI).isEqualTo((int) offset(USER_REGS, "rdi"));
    assertThat(ForeignSystemCalls.ORIG_RAX).isEqualTo((int) offset(USER_REGS, "orig_rax"));
    assertThat(ForeignSystemCalls.RIP).isEqualTo((int) offset(USER_REGS, "rip"));
    assertThat(ForeignSystemCalls.RSP).isEqualTo((int) offset(USER_REGS, "rsp"));
  }
}
