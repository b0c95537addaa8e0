package org.smemv.node.command;

import org.smemv.node.api.Rate;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 1gbit} for picocli. */
public final class RateConverter implements ITypeConverter<Long> {
  @Override
  public Long convert(String text) {
    try {
      return Rate.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
