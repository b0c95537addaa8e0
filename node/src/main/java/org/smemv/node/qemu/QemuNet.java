package org.smemv.node.qemu;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A VM's one network card: virtio-net on a tap device that is attached to a bridge of the host.
 *
 * @param bridge name of an existing bridge, the same on every host the VM can move to
 * @param mac the card's address, lower case, unicast
 */
public record QemuNet(String bridge, String mac) {
  private static final Pattern DEVICE = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9._-]{0,14}");
  private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");

  public QemuNet {
    if (bridge == null || !DEVICE.matcher(bridge).matches()) {
      throw new IllegalArgumentException(
          "bridge '" + bridge + "': the name of a network device, 1 to 15 characters, is needed");
    }
    if (mac == null) {
      throw new IllegalArgumentException("a MAC address such as 52:54:00:12:34:56 is needed");
    }
    mac = mac.toLowerCase(Locale.ROOT);
    if (!MAC.matcher(mac).matches() || (Integer.parseInt(mac.substring(0, 2), 16) & 1) == 1) {
      throw new IllegalArgumentException(
          "MAC address '"
              + mac
              + "': six hexadecimal bytes, the first one even, such as"
              + " 52:54:00:12:34:56");
    }
  }
}
