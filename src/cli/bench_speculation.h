// Edge and cloud writing one text in one process, in turns, under any rule: drafts a block, judges it, takes
// it. What the rules' bench counts; no times, no sockets.
#pragma once

#include "base/rule.h"
#include "base/sampling_params.h"
#include "codec/sqs.h"
#include "decode/engine.h"
#include "model/vocab.h"

namespace tandem {

struct SpeculationSetup {
  Rule rule = Rule::kCoupled;
  SamplingParams target{}, draft{};  // one seed, the target's, serves both
  SqsShape shape{};                  // of the rules with laws; must have passed Check
  int draft_length = 4;              // ids of a block, 1 to shape.max_drafts
  int tokens = 128;                  // of the text at most; the last block is not cut
  const Vocab* vocab = nullptr;      // for the end-of-generation tokens
};

// Sums over texts.
struct SpeculationCounts {
  uint64_t rounds = 0, tokens = 0, drafted = 0;
  uint64_t verified = 0;      // drafts judged: up to and including the first that fell
  uint64_t accepted = 0;      // of these
  uint64_t uplink_bytes = 0;  // of the frames with drafts, WebSocket framing included; setting up left out
};

// Different engines with one vocabulary, each with a free sequence.
struct SpeculationEngines {
  Engine* target = nullptr;
  Engine* draft = nullptr;
};

// Continues `prompt` (not empty) until setup.tokens, an end-of-generation token or the smaller context.
// Blocks are drafted whole and judged with a bonus; the next one waits for the verdict. Errors as the
// engines'.
Status Speculate(const SpeculationEngines& engines, const SpeculationSetup& setup,
                 const std::vector<Token>& prompt, SpeculationCounts& counts);

}  // namespace tandem
