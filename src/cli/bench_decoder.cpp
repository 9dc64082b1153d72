// The bench's decoders, see bench_decoder.h.
#include "cli/bench_decoder.h"

#include <algorithm>

#include "cli/llama_peer.h"
#include "decode/ggml_engine.h"
#include "decode/prefill.h"

namespace tandem {
namespace {

constexpr int kMaxRows = 512;  // of one step, on both sides

// As the program itself writes a text: whole blocks of the prompt in bulk, its last token as the first step.
class TandemDecoder final : public BenchDecoder {
 public:
  TandemDecoder(std::unique_ptr<GgmlEngine> engine, SeqId seq) : engine_(std::move(engine)), seq_(seq) {}

  Status Restart() override { return engine_->Truncate(seq_, 0); }

  Status Prompt(std::span<const Token> tokens) override {
    const Pos last = static_cast<Pos>(tokens.size()) - 1;
    const PromptSpan span{0, last + 1};
    for (const PrefillChunk& chunk : PlanPrefill({&span, 1}, 0, last, kMaxRows)) {
      const auto rows =
          tokens.subspan(static_cast<size_t>(chunk.begin), static_cast<size_t>(chunk.end - chunk.begin));
      if (Status s = Step({seq_, chunk.begin, rows, chunk.bulk, 0}); !s) return s;
    }
    return Next(tokens.back());
  }

  Status Next(Token token) override { return Step({seq_, engine_->Length(seq_), {&token, 1}, false, 1}); }

 private:
  Status Step(const SeqRows& rows) {
    const Result<LogitsView> logits = engine_->Step({&rows, 1});
    return logits ? Status{} : Forward(logits);
  }

  std::unique_ptr<GgmlEngine> engine_;
  SeqId seq_;
};

// As llama.cpp's tools do: as few batches as hold the prompt, logits for its last token alone.
class LlamaDecoder final : public BenchDecoder {
 public:
  explicit LlamaDecoder(std::unique_ptr<LlamaPeer> peer) : peer_(std::move(peer)) {}

  Status Restart() override {
    peer_->Truncate(0);
    return {};
  }

  Status Prompt(std::span<const Token> tokens) override {
    while (!tokens.empty()) {
      const size_t n = std::min<size_t>(tokens.size(), kMaxRows);
      if (Status s = Append(tokens.first(n), n == tokens.size() ? 1 : 0); !s) return s;
      tokens = tokens.subspan(n);
    }
    return {};
  }

  Status Next(Token token) override { return Append({&token, 1}, 1); }

 private:
  Status Append(std::span<const Token> tokens, int logits) {
    const Result<std::span<const float>> rows = peer_->Append(tokens, logits);
    return rows ? Status{} : Forward(rows);
  }

  std::unique_ptr<LlamaPeer> peer_;
};

Result<std::unique_ptr<BenchDecoder>> OpenTandem(const BenchSettings& settings) {
  auto model = Model::Load(settings.model);
  if (!model) return Forward(model);
  GgmlEngineOptions options;
  options.context = settings.context;
  options.threads = settings.threads;
  options.max_rows = kMaxRows;
  options.exact = settings.exact;
  auto engine = GgmlEngine::Create(*model, options);
  if (!engine) return Forward(engine);
  const Result<SeqId> seq = (*engine)->Open();
  if (!seq) return Forward(seq);
  return std::make_unique<TandemDecoder>(std::move(*engine), *seq);
}

Result<std::unique_ptr<BenchDecoder>> OpenLlama(const BenchSettings& settings) {
  auto peer = LlamaPeer::Load(settings.model, {settings.context, settings.threads, kMaxRows, true});
  if (!peer) return Forward(peer);
  return std::make_unique<LlamaDecoder>(std::move(*peer));
}

}  // namespace

Result<std::unique_ptr<BenchDecoder>> OpenBenchDecoder(BenchSide side, const BenchSettings& settings) {
  return side == BenchSide::kTandem ? OpenTandem(settings) : OpenLlama(settings);
}

}  // namespace tandem
