package org.smemv.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PageLinkExceptionTest {
  private static final InetSocketAddress PEER = new InetSocketAddress("127.0.0.1", 7400);

  @Test
  void aConnectionOfTheControlPlaneIsNotSaidToBeOneForAVm() {
    assertThat(PageLinkException.lost(PEER, LinkTarget.NO_VM, "the peer closed it", null))
        .hasMessage("link to host at /127.0.0.1:7400 is lost: the peer closed it");
  }

  @Test
  void aConnectionForAVmNamesIt() {
    UUID vm = new UUID(1, 2);
    assertThat(PageLinkException.refused(PEER, vm, ErrorCode.CAPACITY, false, "it is full"))
        .hasMessage("host at /127.0.0.1:7400 refused for VM " + vm + ": CAPACITY: it is full");
  }
}
