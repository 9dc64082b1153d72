// Frames for tests: typical ones with known sizes, and arbitrary well-formed ones. Included by tests only.
#pragma once

#include <rapidcheck.h>

#include <limits>

#include "wire/frame.h"
#include "wire/text.h"

namespace tandem {

inline Hello SampleHello() {
  return {.software = "tandem 0.1.0", .vocab = {.size = 8192, .digest = Digest{1, 2, 3}}};
}

inline Welcome SampleWelcome() {
  return {.software = "tandem 0.1.0",
          .model_name = "demo-target",
          .vocab = {.size = 8192, .digest = Digest{1, 2, 3}},
          .weights = Digest{4, 5, 6},
          .fingerprint = "ggml 0.25 avx512 f16c fma",
          .context = 2048,
          .max_draft = 64};
}

// A prompt of so many two-byte ids, default sampling.
inline Open SampleOpen(Pos length) {
  return {.ids = std::vector<Token>(static_cast<size_t>(length), 4000),
          .spans = {{0, length}},
          .sampling = {.seed = 42},
          .epoch = 0,
          .run_until = 0};
}

namespace arbitrary {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();

inline int32_t Id() {
  return *rc::gen::oneOf(rc::gen::inRange(0, 300), rc::gen::inRange(0, 150'000), rc::gen::inRange(0, kMax),
                         rc::gen::just(kMax));
}
inline uint32_t U32() {
  return *rc::gen::oneOf(rc::gen::inRange<uint32_t>(0, 300), rc::gen::arbitrary<uint32_t>());
}
inline uint64_t ServerUs() {
  return *rc::gen::oneOf(rc::gen::inRange<uint64_t>(0, 1'000'000), rc::gen::just(kMaxServerUs));
}
inline Opened OpenedNow() {
  Opened opened{.length = Id(), .server_us = ServerUs()};
  opened.rows_us = *rc::gen::inRange<uint64_t>(0, opened.server_us + 1);
  return opened;
}
inline std::string Text() {
  return ToWireText(*rc::gen::arbitrary<std::string>());
}
inline std::vector<Token> Ids(int least) {
  std::vector<Token> ids(static_cast<size_t>(*rc::gen::inRange(least, 40)));
  for (Token& id : ids) id = Id();
  return ids;
}
inline Digest Sha() {
  Digest digest;
  for (uint8_t& byte : digest) byte = *rc::gen::arbitrary<uint8_t>();
  return digest;
}
inline VocabIdentity VocabId() {
  return {.size = Id(), .digest = Sha()};
}
inline uint32_t Offset() {
  return static_cast<uint32_t>(*rc::gen::inRange<size_t>(0, kMaxVocabularyBytes));
}
inline std::optional<VocabularyOffer> Offer() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return VocabularyOffer{.bytes = Offset() + 1, .digest = Sha()};
}
inline std::optional<SplitOffer> Split() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return SplitOffer{.layers = Id(), .width = Id(), .identity = Sha()};
}
inline RowCalibration Calibration() {
  if (*rc::gen::arbitrary<bool>()) return {};
  const auto magnitude = [] { return static_cast<float>(*rc::gen::inRange(0, 100)) / 8; };
  RowCalibration calibration;
  calibration.channels.resize(static_cast<size_t>(*rc::gen::inRange(0, 20)));
  for (ValueRange& range : calibration.channels) {
    range = {-magnitude(), magnitude()};
    calibration.mean_magnitudes.push_back(magnitude());
  }
  if (*rc::gen::arbitrary<bool>()) calibration.sink_threshold = magnitude();
  return calibration;
}
inline std::optional<ModelCut> CutOrNot() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return ModelCut{.begin = Id(),
                  .end = Id(),
                  .identity = Sha(),
                  .codec = Text(),
                  .codec_back = Text(),
                  .untold = *rc::gen::inRange<Pos>(1, 5000),
                  .calibration = Calibration(),
                  .calibration_back = Calibration()};
}
inline Bytes Block() {
  return *rc::gen::nonEmpty(rc::gen::arbitrary<Bytes>());
}
inline float Number() {
  return static_cast<float>(*rc::gen::inRange(-1000, 1000)) / 16;
}

inline SamplingParams Sampling() {
  SamplingParams params;
  if (*rc::gen::arbitrary<bool>()) return params;
  params.seed = *rc::gen::arbitrary<uint64_t>();
  params.temperature = Number();
  params.top_k = *rc::gen::arbitrary<int32_t>();
  params.top_p = Number();
  params.min_p = Number();
  params.repeat_penalty = Number();
  params.frequency_penalty = Number();
  params.presence_penalty = Number();
  params.repeat_last_n = *rc::gen::arbitrary<int32_t>();
  return params;
}

inline std::vector<PromptSpan> Spans(Pos length) {
  std::vector<PromptSpan> spans;
  for (Pos at = 0; at < length && *rc::gen::arbitrary<bool>();) {
    const Pos begin = *rc::gen::inRange(at, length);
    at = *rc::gen::inRange(begin + 1, length + 1);
    spans.push_back({begin, at});
  }
  return spans;
}

}  // namespace arbitrary

// Any frame that Decode must take, of any kind.
inline rc::Gen<Frame> AnyFrame() {
  using namespace arbitrary;
  return rc::gen::exec([]() -> Frame {
    switch (*rc::gen::inRange(0, 15)) {
      case 0: {
        Hello hello{.version = U32(), .software = Text(), .has_vocab = *rc::gen::arbitrary<bool>()};
        if (hello.has_vocab) hello.vocab = VocabId();
        return hello;
      }
      case 1:
        return Welcome{.version = U32(),
                       .software = Text(),
                       .model_name = Text(),
                       .vocab = VocabId(),
                       .weights = Sha(),
                       .fingerprint = Text(),
                       .exact = *rc::gen::arbitrary<bool>(),
                       .context = Id(),
                       .max_draft = *rc::gen::inRange(0, 1025),
                       .vocabulary = Offer(),
                       .split = Split()};
      case 2: {
        Open open{.ids = Ids(1), .sampling = Sampling(), .epoch = U32(), .run_until = Id()};
        open.cut = CutOrNot();
        open.spans = Spans(static_cast<Pos>(open.Length()));
        open.rule = static_cast<Rule>(*rc::gen::inRange(0, 3));
        open.law_ids = Id(), open.lattice = Id();
        return open;
      }
      case 3:
        return OpenedNow();
      case 4:
        return Drafts{.epoch = U32(), .base = *rc::gen::inRange(0, kMax - 1024), .ids = Ids(0)};
      case 5:
        return Verdict{.epoch = U32(),
                       .base = *rc::gen::inRange(0, kMax - 1024),
                       .accepted = *rc::gen::inRange(0, 1025),
                       .token = Id(),
                       .server_us = ServerUs(),
                       .judged = *rc::gen::inRange(0, 1025),
                       .waited_us = ServerUs()};
      case 6:
        return Credit{.run_until = Id()};
      case 7:
        return Fault{.code = static_cast<ErrorCode>(*rc::gen::inRange(0, 10)),
                     .message = Text(),
                     .retry_after_ms = U32()};
      case 11: {
        CodedDrafts drafts{.epoch = U32(), .base = *rc::gen::inRange(0, kMax - 1024)};
        drafts.block.resize(static_cast<size_t>(*rc::gen::inRange(0, 60)));
        for (uint8_t& byte : drafts.block) byte = *rc::gen::arbitrary<uint8_t>();
        return drafts;
      }
      case 8: {
        Costs costs;
        costs.step_us.resize(static_cast<size_t>(*rc::gen::inRange(0, 65)));
        for (uint32_t& us : costs.step_us) us = U32();
        return costs;
      }
      case 9:
        return VocabularyWanted{.offset = Offset()};
      case 10:
        return VocabularyPart{.offset = Offset(), .bytes = *rc::gen::nonEmpty(rc::gen::arbitrary<Bytes>())};
      case 12: {
        HiddenRows rows{.epoch = U32(), .first = Id(), .asks = *rc::gen::arbitrary<bool>(), .block = Block()};
        if (rows.asks) rows.base = *rc::gen::inRange(0, kMax - 1024), rows.ids = Ids(0);
        return rows;
      }
      case 13:
        return HiddenBack{.epoch = U32(), .first = Id(), .server_us = ServerUs(), .block = Block()};
      default:
        return Close{};
    }
  });
}

}  // namespace tandem
