package org.smemv.lab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.smemv.node.api.ApiClient;
import org.smemv.node.api.HostEntry;
import org.smemv.node.api.HostsFile;
import org.smemv.node.api.OperationException;

/**
 * Page contents that some hosts of a lab have sent since their agents began, by what they count
 * themselves.
 *
 * @param toFaults because the guest touched the page
 * @param inBackground to anybody else who asked
 */
record SentPages(long toFaults, long inBackground) {
  private static final String SENT = "smemv_sent_pages_total{asked_for=\"%s\"} ([0-9.E]+)";

  static SentPages of(SplitLab lab, String... hosts) throws OperationException {
    long toFaults = 0;
    long inBackground = 0;
    for (String host : hosts) {
      String page = metrics(lab, host);
      toFaults += counted(page, "fault");
      inBackground += counted(page, "background");
    }
    return new SentPages(toFaults, inBackground);
  }

  private static String metrics(SplitLab lab, String host) throws OperationException {
    HostPlan asked = lab.lab().plan().host(host);
    return new ApiClient(
            new HostEntry(host, asked.api(), HostsFile.address("host " + host, asked.data())))
        .metrics();
  }

  private static long counted(String page, String askedFor) {
    String row = SENT.replace("{", "\\{").replace("}", "\\}").formatted(askedFor);
    Matcher matcher = Pattern.compile(row).matcher(page);
    if (!matcher.find()) {
      throw new AssertionError("no counter for " + askedFor + " in " + page);
    }
    return (long) Double.parseDouble(matcher.group(1));
  }

  SentPages since(SentPages before) {
    return new SentPages(toFaults - before.toFaults, inBackground - before.inBackground);
  }
}
