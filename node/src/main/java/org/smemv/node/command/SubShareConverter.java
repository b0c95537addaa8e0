package org.smemv.node.command;

import org.smemv.node.api.Size;
import org.smemv.node.api.SubShare;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code HOST} or {@code HOST:SIZE} for picocli. */
final class SubShareConverter implements ITypeConverter<SubShare> {
  @Override
  public SubShare convert(String text) {
    int colon = text.indexOf(':');
    try {
      return colon < 0
          ? new SubShare(text, 0)
          : new SubShare(text.substring(0, colon), Size.parse(text.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("write HOST or HOST:SIZE: " + e.getMessage());
    }
  }
}
