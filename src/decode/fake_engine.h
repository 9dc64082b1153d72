// An engine for tests: its logits are a hash of the prefix. Everything above src/decode runs against it in
// microseconds, and it enforces the rules of engine.h, so that a caller's mistake shows as an error.
//
// A fake model can be cut: rows of activations begin with the id that they stand for, so that a range behind
// a cut that moves no row by a half computes what the whole does. It has kFakeHeads heads in any layer that a
// probe names, whose weights are hashes of both rows' prefixes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "decode/engine.h"

namespace tandem {

constexpr int kFakeHeads = 2;

struct FakeEngineConfig {
  int vocab_size = 64;
  Pos context = 512;
  int max_sequences = 16;
  int max_rows = 512;
  size_t position_bytes = 0;  // that it says a position takes
  int input_width = 0;        // floats of the rows that it is given instead of ids
  int output_width = 0;       // floats of the rows that it gives instead of logits
  bool head_alone = false;  // it is given the rows alone whose logits are wanted, which hang on nothing else
  uint64_t salt = 1;        // which model it is
  uint64_t follows = 0;     // not 0: another model's salt, whose logits it repeats ...
  double agreement = 0.0;   // ... at this share of prefixes (chosen by the prefix), its own elsewhere
  Token end_token = kNoToken;  // gets a boost at one prefix in `end_every`
  int end_every = 64;
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(const FakeEngineConfig& config);

  const EngineInfo& info() const override { return info_; }
  Result<SeqId> Open() override;
  Result<LogitsView> Step(std::span<const SeqRows> batch) override;
  Result<LogitsView> StepProbed(const SeqRows& rows, AttentionProbe& probe) override;
  Status Truncate(SeqId seq, Pos length) override;
  Status Copy(SeqId from, Pos length, SeqId to) override;  // kInternal when the prefixes differ
  Pos Length(SeqId seq) const override;
  void Close(SeqId seq) override { sequences_.erase(seq); }

  int open_sequences() const { return static_cast<int>(sequences_.size()); }
  uint64_t steps() const { return steps_; }
  uint64_t rows() const { return rows_; }
  void FailNextStep(Error error) { fail_ = std::move(error); }  // the next Step returns it

 private:
  struct Sequence {
    std::vector<uint64_t> hashes;  // of the prefix that ends at each position
  };

  Status Check(std::span<const SeqRows> batch) const;
  std::vector<Token> IdsOf(const SeqRows& rows) const;
  void Logits(uint64_t prefix, float* out) const;
  void Look(const std::vector<uint64_t>& hashes, int layer, int head, size_t new_rows, float* sums,
            float* last) const;

  FakeEngineConfig config_;
  EngineInfo info_;
  std::map<SeqId, Sequence> sequences_;
  SeqId next_ = 0;
  std::vector<float> logits_;
  uint64_t steps_ = 0, rows_ = 0;
  std::optional<Error> fail_;
};

}  // namespace tandem
