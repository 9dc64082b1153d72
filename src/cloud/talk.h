// Conversations with a Service over a fake engine, for tests: frames in, frames out, steps and time on
// demand. Included by tests only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cloud/fake_parts.h"
#include "cloud/service.h"
#include "codec/row_codec.h"
#include "decode/fake_engine.h"
#include "decode/prefill.h"
#include "sample/sampler.h"

namespace tandem {

constexpr int kTalkLayers = 4;  // of the model under test, served in parts where a cut is asked for

inline ServiceConfig TalkConfig(int vocab = 64) {
  ServiceConfig config;
  config.software = "cloud under test";
  config.vocab = {.size = vocab, .digest = Digest{7}};
  config.parts = FakeParts({.vocab_size = vocab}, kTalkLayers);
  return config;
}

// `count` ids 1, 2, ... below the fake engine's vocabulary, as one prompt.
inline Open PromptOpen(Pos count, uint64_t seed = 1, Pos run_until = 0) {
  Open open{.sampling = {.seed = seed}, .run_until = run_until};
  for (Pos i = 0; i < count; ++i) open.ids.push_back(1 + i % 60);
  open.spans = {{0, count}};
  return open;
}

// The text that `open` begins, decoded one id at a time by an engine of its own, up to `length` ids.
inline std::vector<Token> StraightText(const FakeEngineConfig& config, const Open& open, Pos length) {
  FakeEngine engine(config);
  const SeqId seq = engine.Open().value();
  Sampler sampler(open.sampling);
  std::vector<Token> text = open.ids;
  const auto step = [&](Pos begin, Pos end, bool bulk, int logits) {
    const std::span<const Token> ids(text.data() + begin, static_cast<size_t>(end - begin));
    const SeqRows rows{.seq = seq, .first = begin, .tokens = ids, .bulk = bulk, .logits = logits};
    return engine.Step(std::span(&rows, 1)).value();
  };
  const Pos last = static_cast<Pos>(text.size()) - 1;
  for (const PrefillChunk& chunk : PlanPrefill(open.spans, 0, last, config.max_rows)) {
    step(chunk.begin, chunk.end, chunk.bulk, 0);
  }
  for (Pos at = last; at + 1 < length; ++at)
    text.push_back(sampler.Pick(step(at, at + 1, false, 1)[0], text));
  return text;
}

// The same text from an edge that has the first layers and tells no ids.
inline Open CutOpen(Pos count, int begin = 1, uint64_t seed = 1) {
  Open open = PromptOpen(count, seed);
  open.cut = {.begin = begin, .end = kTalkLayers, .codec = "f32", .untold = count};
  open.ids.clear();
  return open;
}

// ... and from one that has the last layers and the head as well.
inline Open MiddleOpen(Pos count, int begin = 1) {
  Open open = CutOpen(count, begin, 0);
  open.sampling = {};
  open.cut->end = kTalkLayers - 1;
  open.cut->codec_back = "f32";
  return open;
}

// Rows of the positions from `first` on, whose ids these are.
inline HiddenRows RowsOf(Pos first, const std::vector<Token>& ids) {
  std::vector<float> values(ids.begin(), ids.end());
  const RowCodec codec = RowCodec::Make(ParseRowCodec("f32").value(), kFakeRowWidth).value();
  return {.first = first, .block = codec.Encode({values, kFakeRowWidth}, first).value()};
}

// What a verdict says of the text, without how it came about.
inline Verdict Bare(Verdict verdict) {
  verdict.judged = 0;
  verdict.waited_us = 0;
  return verdict;
}
inline std::optional<Verdict> Bare(const std::optional<Verdict>& verdict) {
  return verdict ? std::optional(Bare(*verdict)) : std::nullopt;
}

class Talk {
 public:
  explicit Talk(const FakeEngineConfig& target = {}, const ServiceConfig& config = TalkConfig())
      : engine(target), service(engine, config) {}

  void Connect(ConnId conn) { Carry(service.OnConnect(conn, now)); }
  void Disconnect(ConnId conn) { Carry(service.OnDisconnect(conn, now)); }
  void Say(ConnId conn, const Frame& frame) { Carry(service.OnFrame(conn, Encode(frame), now)); }
  void SayBytes(ConnId conn, ByteView bytes) { Carry(service.OnFrame(conn, bytes, now)); }
  void Tick() { Carry(service.OnTick(now)); }
  void Wait(Micros time) { now += time; }

  // A connection that has said Hello and been welcomed.
  void Greet(ConnId conn) {
    Connect(conn);
    Say(conn, Hello{.software = "edge", .vocab = TalkConfig(engine.info().vocab_size).vocab});
    heard[conn].clear();
  }
  // ... and whose session is open.
  void Begin(ConnId conn, const Open& open) {
    Greet(conn);
    Say(conn, open);
    Run();
  }

  // One engine step; false when nobody waits. The two halves let frames come in between.
  bool Step() { return Plan() && Compute(); }
  bool Plan() {
    // A step that is held for drafts comes in its time.
    if (const std::optional<Micros> due = service.WorkDue()) now = std::max(now, *due);
    rows = service.PlanStep(now);
    return !rows.empty();
  }
  bool Compute() {
    const Result<LogitsView> logits = service.step_engine().Step(rows);
    failed_steps += logits ? 0 : 1;
    Carry(service.OnStepDone(logits, now));
    return true;
  }
  void Run() {
    while (Step()) {
    }
  }

  // The oldest frame that conn has not read yet, if it is of that kind; Costs are left out unless asked for.
  template <class Kind>
  std::optional<Kind> Next(ConnId conn) {
    std::vector<Frame>& frames = heard[conn];
    if (!std::is_same_v<Kind, Costs>)
      std::erase_if(frames, [](const Frame& frame) { return std::holds_alternative<Costs>(frame); });
    if (frames.empty() || !std::holds_alternative<Kind>(frames.front())) return std::nullopt;
    const Kind kind = std::get<Kind>(frames.front());
    frames.erase(frames.begin());
    return kind;
  }

  FakeEngine engine;
  Service service;
  Micros now{1'000'000};
  std::vector<SeqRows> rows;  // of the step under way
  int failed_steps = 0;
  std::map<ConnId, std::vector<Frame>> heard;
  std::set<ConnId> closed;  // by the service

 private:
  void Carry(const Actions& actions) {
    for (const Action& action : actions) {
      if (action.kind == Action::Kind::kClose) {
        closed.insert(action.conn);
      } else {
        heard[action.conn].push_back(Decode(action.frame).value());
      }
    }
  }
};

}  // namespace tandem
