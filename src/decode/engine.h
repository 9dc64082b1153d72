// The one interface between models and everything that writes text with them. Plain ids and floats: no ggml
// type leaks out. Two implementations: GgmlEngine (decode/ggml_engine.h) and FakeEngine
// (decode/fake_engine.h), whose logits are a hash of the prefix.
//
// An engine may hold a range of a model's stages (model/model.h). One that lacks the embedding is given rows
// of activations with the ids' places; one that lacks the head gives rows of activations where this page says
// logits.
//
// Promise that the whole product rests on ("one seed, one text"): the logits of a position depend on the ids
// of its prefix and on the kernel class of each of its rows, and on nothing else: not on what else is in the
// step, on how small rows are grouped, on the thread count or on what was truncated before. decode/prefill.h
// says which class a row has.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "decode/attention_probe.h"

namespace tandem {

using SeqId = int32_t;  // a sequence (one KV cache slot) of one engine

struct EngineInfo {
  std::string model_name;     // for people
  int vocab_size = 0;         // ids [0, vocab_size) have logits; padding ids at the end are left out
  Pos context = 0;            // positions a sequence can hold
  int max_sequences = 0;      // open at once
  int max_rows = 0;           // rows of one Step, over all sequences
  int input_width = 0;        // floats of a row that it is given; 0: it is given ids
  int output_width = 0;       // floats of a row that it gives where it lacks the head, else 0
  size_t position_bytes = 0;  // memory that the cache of a position takes
  bool exact = true;          // the promise above holds for these weights on this machine
  std::string exact_note;     // when not exact: why, one sentence
  std::string fingerprint;  // kernels: CPU features, ggml build, settings that change bits; equal text needs
                            // equal ones
};

// Consecutive new positions of one sequence: [first, first + tokens.size()).
struct SeqRows {
  SeqId seq = 0;
  Pos first = 0;                  // must be the sequence's length
  std::span<const Token> tokens;  // not empty; must live until Step returns
  bool bulk = false;  // whole blocks of kBulkRows (decode/prefill.h) rows, computed by the wide kernels
  int logits = 0;     // how many of the last rows need logits, 0..tokens.size()
  // Without the embedding: the rows' activations, tokens.size() x input_width floats, and the ids count for
  // nothing. With the head alone only rows whose logits are wanted have them.
  std::span<const float> hidden{};
};

// Logits of a Step: one row of vocab_size floats for each row asked for, in batch order, then position order.
// From a range that ends before the last layer: the activations of all rows, asked for or not. Points into
// the engine; valid until its next Step, Close or destruction.
class LogitsView {
 public:
  LogitsView() = default;
  LogitsView(const float* data, int rows, int stride, int vocab)
      : data_(data), rows_(rows), stride_(stride), vocab_(vocab) {}

  int rows() const { return rows_; }
  std::span<const float> operator[](int row) const {
    return {data_ + static_cast<size_t>(row) * static_cast<size_t>(stride_), static_cast<size_t>(vocab_)};
  }

 private:
  const float* data_ = nullptr;
  int rows_ = 0, stride_ = 0, vocab_ = 0;
};

// Not thread-safe: one thread at a time calls it. Step blocks for the time of the forward pass.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const EngineInfo& info() const = 0;

  // A new empty sequence. kBusy when max_sequences are open, kResource when memory for its cache cannot be
  // had.
  virtual Result<SeqId> Open() = 0;
  // Appends the rows and returns the logits asked for. A sequence may appear at most once in a batch. On an
  // error nothing was appended: kContext when a position lies past the context, kUsage for a batch that
  // breaks the rules above, kInternal when the backend failed.
  virtual Result<LogitsView> Step(std::span<const SeqRows> batch) = 0;
  // As Step of one sequence alone, with the same bits, and adds to `probe` what the heads of its layers look
  // at, at the price of those layers' scores computed a second time. The probe has seen all rows that the
  // sequence has. kUsage for another probe, for layers that do not ascend or that the engine has not, and
  // from an engine that shows no attention; on an error the probe is as it was.
  virtual Result<LogitsView> StepProbed(const SeqRows& rows, AttentionProbe& probe) {
    return Fail(ErrorCode::kUsage,
                "an engine that shows no attention was asked for that of {} layers, {} rows",
                probe.layers.size(), rows.tokens.size());
  }
  // Forgets positions >= length. kUsage when length is negative or larger than the sequence.
  virtual Status Truncate(SeqId seq, Pos length) = 0;
  // Extends `to` by the rows of `from` at positions Length(to)..length, which are those of the same ids in
  // the same kernel classes: the caller vouches for that. kUsage when `from` is shorter than length, or `to`
  // longer.
  virtual Status Copy(SeqId from, Pos length, SeqId to) = 0;
  virtual Pos Length(SeqId seq) const = 0;  // 0 for an unknown sequence
  virtual void Close(SeqId seq) = 0;        // unknown ids are ignored
};

}  // namespace tandem
