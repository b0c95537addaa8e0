package org.smemv.node.command;

import java.util.HashMap;
import java.util.Map;
import org.smemv.node.api.NetRequest;
import org.smemv.node.qemu.QemuNet;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code bridge=BR,mac=MAC} for picocli. */
final class NetConverter implements ITypeConverter<NetRequest> {
  @Override
  public NetRequest convert(String text) {
    Map<String, String> values = new HashMap<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals < 0 || values.put(part.substring(0, equals), part.substring(equals + 1)) != null) {
        throw syntax("'" + part + "' does not fit");
      }
    }
    String bridge = values.remove("bridge");
    String mac = values.remove("mac");
    if (bridge == null || mac == null || !values.isEmpty()) {
      throw syntax("bridge and mac are needed, and nothing else");
    }
    try {
      QemuNet net = new QemuNet(bridge, mac);
      return new NetRequest(net.bridge(), net.mac());
    } catch (IllegalArgumentException e) {
      throw syntax(String.valueOf(e.getMessage()));
    }
  }

  private static TypeConversionException syntax(String why) {
    return new TypeConversionException("write bridge=BR,mac=52:54:00:12:34:56: " + why);
  }
}
