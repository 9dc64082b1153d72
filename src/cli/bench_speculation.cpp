// See bench_speculation.h.
#include "cli/bench_speculation.h"

#include <algorithm>

#include "decode/prefill.h"
#include "edge/drafter.h"
#include "sample/judge.h"
#include "sample/quantise.h"
#include "sample/race.h"
#include "wire/frame.h"

namespace tandem {
namespace {

using Text = std::vector<Token>;

struct Block {
  BlockKey key;
  SqsBlock drafts;
};

// The edge: drafts a block after a text.
class Edge {
 public:
  Edge(Engine& engine, const SpeculationSetup& setup, Pos prompt)
      : engine_(engine), setup_(setup), drafter_(engine, {{0, prompt}}), warper_(setup.draft) {}

  Result<Block> Draft(Text text, uint32_t epoch) {
    Block block{{setup_.target.seed, static_cast<Pos>(text.size()), epoch}, {}};
    for (int i = 0; i < setup_.draft_length; ++i) {
      const Result<Token> token = Next(text, block);
      if (!token) return Forward(token);
      block.drafts.ids.push_back(*token);
      text.push_back(*token);
    }
    return block;
  }

 private:
  Result<Token> Next(const Text& text, Block& block) {
    const Result<LogitsView> logits = Logits(text);
    if (!logits) return Forward(logits);
    const Distribution& law = warper_.Warp((*logits)[0], text);
    const auto position = static_cast<Pos>(text.size());
    if (!NeedsLaws(setup_.rule)) return Race(law, {.seed = block.key.seed, .position = position});
    block.drafts.laws.push_back(Quantise(law, setup_.shape.grid));
    return DrawDraft(block.drafts.laws.back(), block.key, position, draws_);
  }

  Result<LogitsView> Logits(const Text& text) {
    for (;;) {
      const Result<SeqRows> rows = drafter_.Next(text);
      if (!rows) return Forward(rows);
      Result<LogitsView> logits = engine_.Step({&*rows, 1});
      if (!logits) return logits;
      drafter_.Done();
      if (rows->logits > 0) return logits;
    }
  }

  Engine& engine_;
  const SpeculationSetup& setup_;
  Drafter drafter_;
  Warper warper_;
  NoiseDraws draws_;
};

// The cloud: judges a block in one step.
class Cloud {
 public:
  Cloud(Engine& engine, const SpeculationSetup& setup)
      : engine_(engine), setup_(setup), warper_(setup.target) {}
  ~Cloud() { engine_.Close(seq_); }
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  // All of the prompt but its last id, which is the first row of the first step.
  Status Begin(const Text& prompt) {
    const Result<SeqId> opened = engine_.Open();
    if (!opened) return Forward(opened);
    seq_ = *opened;
    const PromptSpan span{0, static_cast<Pos>(prompt.size())};
    for (const PrefillChunk& chunk : PlanPrefill({&span, 1}, 0, span.end - 1, engine_.info().max_rows)) {
      const Text ids(prompt.begin() + chunk.begin, prompt.begin() + chunk.end);
      const SeqRows rows{.seq = seq_, .first = chunk.begin, .tokens = ids, .bulk = chunk.bulk};
      if (Result<LogitsView> s = engine_.Step({&rows, 1}); !s) return Forward(s);
    }
    return {};
  }

  Result<Ruling> Judge(const Text& text, const Block& block) {
    Text ids{text.back()};
    ids.insert(ids.end(), block.drafts.ids.begin(), block.drafts.ids.end());
    const SeqRows rows{.seq = seq_,
                       .first = static_cast<Pos>(text.size()) - 1,
                       .tokens = ids,
                       .logits = static_cast<int>(ids.size())};
    const Result<LogitsView> logits = engine_.Step({&rows, 1});
    if (!logits) return Forward(logits);
    WarpedLaws laws(warper_, text, block.drafts.ids,
                    [&logits](size_t row) { return (*logits)[static_cast<int>(row)]; });
    const DraftBlock judged{.key = block.key, .ids = block.drafts.ids, .laws = block.drafts.laws};
    const Ruling ruling = tandem::Judge(setup_.rule, judged, laws, draws_);
    if (Status s = engine_.Truncate(seq_, block.key.base + ruling.accepted); !s) return Forward(s);
    return ruling;
  }

 private:
  Engine& engine_;
  const SpeculationSetup& setup_;
  Warper warper_;
  NoiseDraws draws_;
  SeqId seq_ = -1;
};

// Bytes of a message from the edge: RFC 6455 adds 2 bytes of header, 2 more from 126 bytes on, and a mask
// of 4.
size_t WithFraming(size_t payload) {
  return payload + (payload < 126 ? 6 : 8);
}

Result<size_t> UplinkBytes(const SpeculationSetup& setup, const Block& block) {
  const auto& [key, drafts] = block;
  if (!NeedsLaws(setup.rule)) {
    return WithFraming(Encode(Drafts{key.epoch, key.base, drafts.ids}).size());
  }
  const Result<Bytes> coded = EncodeSqs(drafts, setup.shape);
  if (!coded) return Forward(coded);
  return WithFraming(Encode(CodedDrafts{key.epoch, key.base, *coded}).size());
}

// The text grows by one round; true when it has ended.
Result<bool> Round(Edge& edge, Cloud& cloud, const SpeculationSetup& setup, Text& text, uint32_t& epoch,
                   SpeculationCounts& counts) {
  const Result<Block> block = edge.Draft(text, epoch);
  if (!block) return Forward(block);
  const Result<size_t> bytes = UplinkBytes(setup, *block);
  if (!bytes) return Forward(bytes);
  const Result<Ruling> ruling = cloud.Judge(text, *block);
  if (!ruling) return Forward(ruling);
  const auto drafted = static_cast<uint64_t>(setup.draft_length);
  const auto accepted = static_cast<uint64_t>(ruling->accepted);
  ++counts.rounds;
  counts.uplink_bytes += *bytes;
  counts.drafted += drafted;
  counts.verified += std::min(accepted + 1, drafted);
  counts.accepted += accepted;
  if (accepted < drafted) ++epoch;
  Text more(block->drafts.ids.begin(), block->drafts.ids.begin() + ruling->accepted);
  more.push_back(ruling->token);
  for (const Token token : more) {
    text.push_back(token);
    ++counts.tokens;
    if (setup.vocab->IsEnd(token)) return true;
  }
  return false;
}

}  // namespace

Status Speculate(const SpeculationEngines& engines, const SpeculationSetup& setup,
                 const std::vector<Token>& prompt, SpeculationCounts& counts) {
  Edge edge(*engines.draft, setup, static_cast<Pos>(prompt.size()));
  Cloud cloud(*engines.target, setup);
  if (Status s = cloud.Begin(prompt); !s) return s;
  const Pos context = std::min(engines.target->info().context, engines.draft->info().context);
  const auto most = std::min(prompt.size() + static_cast<size_t>(setup.tokens),
                             static_cast<size_t>(std::max(0, context - setup.draft_length - 1)));
  Text text = prompt;
  uint32_t epoch = 0;
  while (text.size() < most) {
    const Result<bool> ended = Round(edge, cloud, setup, text, epoch, counts);
    if (!ended) return Forward(ended);
    if (*ended) break;
  }
  return {};
}

}  // namespace tandem
