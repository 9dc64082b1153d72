// The real Engine: our own forward graph on ggml, over a whole model or a range of its stages.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "decode/attention_probe.h"
#include "decode/engine.h"
#include "model/model.h"

namespace tandem {

struct GgmlEngineOptions {
  int max_sequences = 1;
  Pos context = 0;  // positions of a sequence; 0 = the model's trained context
  int threads = 1;  // that compute a step at most, the caller's included
  bool adapt_threads =
      true;            // use fewer while others need the cores (decode/thread_budget.h); changes no bit
  int max_rows = 512;  // of one step; also bounds the compute buffer
  bool poll = true;    // between steps: quick to wake, but in the way of other engines (decode/backend.h)
  bool exact =
      true;  // pad products whose bits depend on the row count (the price: bench/, docs/exactness.md)
};

// `rows` new positions of one sequence for a step over a range of stages.
struct StageRows {
  SeqId seq = 0;
  Pos first = 0;  // must be the sequence's length
  int rows = 0;   // > 0
  bool bulk = false;
  int wanted = 0;  // how many of the last rows go through the head, 0..rows
};

// What a layer's heads say is multiplied by, before the output projection: 0 silences a head.
struct HeadFactors {
  int layer = -1;                  // of the model, from 0; -1: no layer
  std::span<const float> factors;  // one a head, finite
};

// Input of a step over stages [begin, end): ids where the range has the embedding, else hidden rows of
// `width` floats, in batch order, then position order. From the last layer's attention on only wanted rows
// exist, so a range that holds the head alone is given one hidden row for each wanted row, and any other
// range one for each row.
struct StageInput {
  std::span<const StageRows> batch;
  std::span<const Token> tokens;
  std::span<const float> hidden;
  HeadFactors heads{};
};

struct EngineCore;

class GgmlEngine final : public Engine {
 public:
  // kUsage for options out of range (a context beyond the trained one included), kResource when threads or
  // memory cannot be had.
  static Result<std::unique_ptr<GgmlEngine>> Create(std::shared_ptr<const Model> model,
                                                    const GgmlEngineOptions& options);
  // An engine over [range) of the stages that `other` holds, with its options, weights and threads: what it
  // takes beside is its caches. One thread at a time may use either. kUsage for stages that `other` lacks.
  static Result<std::unique_ptr<GgmlEngine>> Beside(const GgmlEngine& other, StageRange range);
  ~GgmlEngine() override;

  const EngineInfo& info() const override;
  Result<SeqId> Open() override;
  Result<LogitsView> Step(std::span<const SeqRows> batch) override;
  Result<LogitsView> StepProbed(const SeqRows& rows, AttentionProbe& probe) override;
  Status Truncate(SeqId seq, Pos length) override;
  Status Copy(SeqId from, Pos length, SeqId to) override;
  Pos Length(SeqId seq) const override;
  void Close(SeqId seq) override;

  // Rows in, rows out; appends to the sequences as Step does, with the same errors. Returns logits of the
  // wanted rows where the range has the head; hidden rows of the wanted rows where it ends with the last
  // layer; else hidden rows of all rows. Ranges that cover the model one after the other give the logits of
  // Step bit for bit. kUsage for head factors of a layer outside of the range or of another number of heads.
  //
  // With a `probe`, also adds to it what the heads of its layers look at (attention_probe.h), at the price of
  // those layers' scores computed a second time (LayerGraph::Probe); the rows that come out are the same
  // bits. The batch is one sequence, all of whose rows the probe has seen: a prompt in one chunk or more. A
  // step that wants no row (wanted = 0) fills the probe as well. kUsage for another batch, and for layers
  // that do not ascend or lie outside of the range. On an error the probe is as it was.
  Result<LogitsView> StepStages(const StageInput& input, AttentionProbe* probe = nullptr);

  // A new sequence holding copies of the first `length` rows of `seq`. Errors as Open; kUsage when length is
  // not in 0..Length(seq).
  Result<SeqId> Fork(SeqId seq, Pos length);

 private:
  explicit GgmlEngine(std::unique_ptr<EngineCore> core);
  Result<LogitsView> StepRows(std::span<const SeqRows> batch, AttentionProbe* probe);
  std::unique_ptr<EngineCore> core_;
};

}  // namespace tandem
