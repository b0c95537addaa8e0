package org.smemv.node.directory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.smemv.node.api.Json;
import org.smemv.node.api.OperationException;
import org.smemv.paging.ControlHandler;
import org.smemv.paging.ErrorCode;
import org.smemv.paging.FrameException;

/** Takes heartbeats, and questions of agents, off the data port. Called by many threads. */
final class HeartbeatRequests implements ControlHandler {
  private static final Logger log = LoggerFactory.getLogger(HeartbeatRequests.class);
  private static final int REMEMBERED = 256;

  private final HostDirectory directory;

  /** The last refusal of each agent: the same is not told the log every two seconds. */
  private final Map<String, String> refusals = new LinkedHashMap<>();

  HeartbeatRequests(HostDirectory directory) {
    this.directory = directory;
  }

  @Override
  public byte[] handle(byte[] request) {
    String text = new String(request, StandardCharsets.UTF_8);
    return Json.write(text.startsWith(PlanQuestion.BEGINNING) ? plan(text) : heard(text))
        .getBytes(StandardCharsets.UTF_8);
  }

  private PlanAnswer plan(String text) {
    try {
      return PlanAnswer.of(directory.answer(Json.read(text, PlanQuestion.class)));
    } catch (OperationException e) {
      return PlanAnswer.refusal(e);
    } catch (IOException | IllegalArgumentException e) {
      throw new FrameException(
          ErrorCode.MALFORMED, "not a question that the directory knows: " + Json.reason(e));
    }
  }

  private HeartbeatReply heard(String text) {
    Heartbeat heartbeat;
    try {
      heartbeat = Json.read(text, Heartbeat.class);
    } catch (IOException | IllegalArgumentException e) {
      directory.heardNonsense();
      throw new FrameException(
          ErrorCode.MALFORMED, "not a heartbeat that the directory knows: " + Json.reason(e));
    }
    String refused = directory.heard(heartbeat);
    note(heartbeat.name() + " at " + heartbeat.data(), refused);
    return new HeartbeatReply(refused);
  }

  private synchronized void note(String agent, @Nullable String refused) {
    if (refused == null) {
      refusals.remove(agent);
    } else if (!refused.equals(refusals.put(agent, refused))) {
      log.warn("refused: {}", refused);
      if (refusals.size() > REMEMBERED) {
        refusals.remove(refusals.keySet().iterator().next());
      }
    }
  }
}
