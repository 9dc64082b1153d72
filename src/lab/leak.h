// What a cut reveals: the share of a text's tokens that an honest but curious cloud recovers from the rows it
// is sent. It knows the model (weights are public more often than not), the codec, and a text of the same
// kind; it keeps to the protocol and looks at what it gets.
//
// Four readings, each of prompt and generated tokens apart:
//   nearest embedding  each row alone: the id whose embedding is nearest. Metric, and whether the known rows'
//                      mean is put on their embeddings' mean, are those that do best on the known text.
//   ridge probe        the same after a linear map that was learnt on the known text's rows (ridge_probe.h)
//   re-encoding        from the left on, candidates run through the first layers and, where it codes row by
//                      row, the codec (reencoding.h), half of them the probe's (or the nearest embeddings,
//                      where those read more of the known text), half the model's own continuation
//   prediction         no attack on the row: the likeliest next token by the layers above the cut and the
//                      head, run on the rows before. What a reader of the model gets without reading on.
//
// Where the cloud holds the head it draws the generated tokens itself and so knows them all, whatever the
// rows say: shares of generated tokens are those of a cut whose head stays at the edge (U-shape).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sampling_params.h"
#include "codec/row_codec_spec.h"
#include "decode/model_at_cut.h"
#include "lab/nearest_ids.h"

namespace tandem {

// Candidates that are run through the first layers in one step.
constexpr size_t kLeakStep = 16;

struct LeakPlan {
  size_t known = 8192;        // tokens of the text's begin that the attacker knows
  size_t prompts = 8;         // taken evenly from the rest
  size_t prompt_tokens = 64;  // of each
  size_t generated = 32;      // tokens that the model goes on with at most
  size_t candidates = 64;     // of re-encoding, at most
  SamplingParams sampling{};
};

struct LeakText {
  std::vector<Token> tokens;  // without a begin token
  Token first = kNoToken;     // the begin token that every prompt starts with, if the vocabulary wants one
  std::vector<Token> ends{};  // that end a text
};

struct Recovered {
  uint64_t right = 0, of = 0;
  double share() const { return of == 0 ? 0 : static_cast<double>(right) / static_cast<double>(of); }
};

struct LeakReading {
  std::string name;
  Recovered prompt, generated;
};

struct LeakBytes {
  uint64_t rows = 0, bytes = 0;  // of their messages
};

struct LeakReport {
  std::vector<LeakReading> readings;  // as above
  LeakBytes prompt, generated;        // a message a prompt, one a generated row
  double nll = 0, coded_nll = 0;      // of the known text and the prompts, with rows as made and as decoded
  uint64_t scored = 0;                // tokens of both sums
  RowMetric metric = RowMetric::kEuclid;  // of nearest embedding
  bool centred = false;                   // likewise
  double ridge = 0;                       // strength of the probe
};

// Asked after every text (LeakSteps in all); false ends the measurement.
using LeakStep = std::function<bool()>;
size_t LeakSteps(const LeakPlan& plan);

// `below`: layers under the cut. Codecs that want a calibration get it from the known rows. kUsage for a plan
// out of range, kContext for texts longer than the model's context, kFile for a text too short for the plan,
// each with the figures; kUsage also for a cut above all layers, where nothing but a prompt's last row and
// the rows of tokens that the cloud drew itself would pass; kModel for rows that the codec cannot hold; else
// as ModelAtCut. kInternal when `step` ended it.
Result<LeakReport> MeasureLeak(ModelAtCut& model, const RowCodecSpec& spec, const LeakText& text,
                               const LeakPlan& plan, const LeakStep& step);

}  // namespace tandem
