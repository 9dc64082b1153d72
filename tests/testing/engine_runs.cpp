// Runs of models in two engines, see engine_runs.h.
#include "testing/engine_runs.h"

#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace tandem::testing {
namespace {

template <class T>
T Need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

void Need(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

}  // namespace

std::vector<Token> SomeTokens(int n, int vocab, int seed) {
  std::vector<Token> tokens(static_cast<size_t>(n));
  uint32_t state = static_cast<uint32_t>(seed) * 2654435761u + 12345u;
  for (Token& token : tokens) {
    state = state * 1664525u + 1013904223u;
    token = static_cast<Token>((state >> 8) % static_cast<uint32_t>(vocab));
  }
  return tokens;
}

EngineRun::EngineRun(const std::string& path, const GgmlEngineOptions& options)
    : EngineRun(Need(Model::Load(path)), options) {}

EngineRun::EngineRun(std::shared_ptr<const Model> model, const GgmlEngineOptions& options)
    : model_(std::move(model)),
      engine_(Need(GgmlEngine::Create(model_, options))),
      seq_(Need(engine_->Open())) {}

Rows EngineRun::Append(std::span<const Token> tokens, bool bulk) {
  return Append(tokens, bulk, static_cast<int>(tokens.size()));
}

Rows EngineRun::Append(std::span<const Token> tokens, bool bulk, int logits) {
  const SeqRows step{seq_, engine_->Length(seq_), tokens, bulk, logits};
  const LogitsView view = Need(engine_->Step({&step, 1}));
  Rows rows;
  for (int i = 0; i < view.rows(); ++i) rows.insert(rows.end(), view[i].begin(), view[i].end());
  return rows;
}

void EngineRun::Truncate(Pos length) {
  Need(engine_->Truncate(seq_, length));
}

PeerRun::PeerRun(const std::string& path, const LlamaPeerOptions& options)
    : peer_(Need(LlamaPeer::Load(path, options))) {}

Rows PeerRun::Append(std::span<const Token> tokens, int vocab) {
  const auto all = Need(peer_->Append(tokens, static_cast<int>(tokens.size())));
  Rows rows;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const auto row = all.subspan(i * static_cast<size_t>(peer_->vocab_rows()), static_cast<size_t>(vocab));
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

Rows PeerRun::AppendInBatchOf(int rows, Token token, int vocab) {
  const Pos at = peer_->length();
  Rows all = Append(std::vector<Token>(static_cast<size_t>(rows), token), vocab);
  all.resize(static_cast<size_t>(vocab));
  peer_->Truncate(at + 1);
  return all;
}

std::string Difference::Text() const {
  return fmt::format("{} of {} logits differ, the largest difference is {:g}", values, of, largest);
}

Difference Compare(const Rows& a, const Rows& b) {
  Difference difference{0, std::max(a.size(), b.size()), 0};
  if (a.size() != b.size()) return {difference.of, difference.of, std::numeric_limits<double>::infinity()};
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) == std::bit_cast<uint32_t>(b[i])) continue;
    ++difference.values;
    difference.largest = std::max(difference.largest, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return difference;
}

}  // namespace tandem::testing
