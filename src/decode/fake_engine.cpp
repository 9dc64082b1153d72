// Logits from hashes, see fake_engine.h.
#include "decode/fake_engine.h"

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "decode/batch_check.h"

namespace tandem {
namespace {

// splitmix64's finaliser (Steele et al., OOPSLA 2014): enough mixing for a test double.
uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

double Unit(uint64_t x) {
  return static_cast<double>(x >> 11) * 0x1p-53;
}

}  // namespace

FakeEngine::FakeEngine(const FakeEngineConfig& config) : config_(config) {
  info_.model_name = fmt::format("fake-{}", config.salt);
  info_.vocab_size = config.vocab_size;
  info_.context = config.context;
  info_.max_sequences = config.max_sequences;
  info_.max_rows = config.max_rows;
  info_.position_bytes = config.position_bytes;
  info_.input_width = config.input_width;
  info_.output_width = config.output_width;
  info_.fingerprint = "fake";
}

Result<SeqId> FakeEngine::Open() {
  if (open_sequences() >= config_.max_sequences) {
    return Fail(ErrorCode::kBusy, "all {} sequences are open", config_.max_sequences);
  }
  sequences_[next_] = {};
  return next_++;
}

std::vector<Token> FakeEngine::IdsOf(const SeqRows& rows) const {
  std::vector<Token> ids(rows.tokens.begin(), rows.tokens.end());
  if (config_.input_width == 0) return ids;
  const size_t absent = config_.head_alone ? ids.size() - static_cast<size_t>(rows.logits) : 0;
  std::fill_n(ids.begin(), absent, 0);
  for (size_t i = absent; i < ids.size(); ++i) {
    const float id = rows.hidden[(i - absent) * static_cast<size_t>(config_.input_width)];
    // Activations may be any finite numbers: all stand for some id, those beside an id for that one.
    ids[i] = static_cast<Token>(std::fmod(std::round(std::abs(id)), static_cast<float>(config_.vocab_size)));
  }
  return ids;
}

Status FakeEngine::Check(std::span<const SeqRows> batch) const {
  std::vector<RowsAsked> asked;
  for (const SeqRows& r : batch) {
    asked.push_back({r.seq, r.first, static_cast<int64_t>(r.tokens.size()), r.bulk, r.logits,
                     sequences_.contains(r.seq), Length(r.seq)});
  }
  if (Status s = CheckBatch(asked, info_); !s) return s;
  for (const SeqRows& r : batch) {
    const size_t given = config_.head_alone ? static_cast<size_t>(r.logits) : r.tokens.size();
    if (r.hidden.size() != given * static_cast<size_t>(config_.input_width))
      return Fail(ErrorCode::kUsage, "{} rows with {} floats, expected {} each", given, r.hidden.size(),
                  config_.input_width);
    if (Status s = CheckIds(IdsOf(r), config_.vocab_size); !s) return s;
  }
  return {};
}

Result<LogitsView> FakeEngine::Step(std::span<const SeqRows> batch) {
  if (fail_) {
    const Error error = *std::exchange(fail_, std::nullopt);
    return tl::unexpected(error);
  }
  if (Status s = Check(batch); !s) return Forward(s);
  const bool head = config_.output_width == 0;
  const int width = head ? config_.vocab_size : config_.output_width;
  int wanted = 0;
  for (const SeqRows& r : batch) wanted += head ? r.logits : static_cast<int>(r.tokens.size());
  logits_.assign(static_cast<size_t>(wanted) * static_cast<size_t>(width), 0.0f);
  float* out = logits_.data();
  for (const SeqRows& r : batch) {
    std::vector<uint64_t>& hashes = sequences_[r.seq].hashes;
    const std::vector<Token> ids = IdsOf(r);
    const size_t silent = head ? ids.size() - static_cast<size_t>(r.logits) : 0;
    for (size_t i = 0; i < ids.size(); ++i) {
      // The kernel class is part of the hash: a text that is rebuilt with other classes gets other logits, as
      // with ggml.
      const uint64_t before = hashes.empty() || config_.head_alone ? 0 : hashes.back();
      hashes.push_back(Mix(before ^ Mix(static_cast<uint64_t>(ids[i]) * 2 + (r.bulk ? 1 : 0))));
      if (i < silent) continue;
      if (head) {
        Logits(hashes.back(), out);
      } else {
        *out = static_cast<float>(ids[i]);
      }
      out += width;
    }
    rows_ += ids.size();
  }
  ++steps_;
  return LogitsView(logits_.data(), wanted, width, width);
}

// What the last rows look at: shares of 1 for each query, over the rows up to it.
void FakeEngine::Look(const std::vector<uint64_t>& hashes, int layer, int head, size_t new_rows, float* sums,
                      float* last) const {
  const uint64_t key = Mix(config_.salt ^ Mix(static_cast<uint64_t>(layer) * kFakeHeads + head));
  std::vector<double> weights;
  for (size_t query = hashes.size() - new_rows; query < hashes.size(); ++query) {
    double sum = 0;
    weights.clear();
    for (size_t row = 0; row <= query; ++row) {
      weights.push_back(Unit(Mix(hashes[query] ^ Mix(hashes[row] ^ key))));
      sum += weights.back();
    }
    std::fill_n(last, hashes.size(), 0.0f);
    for (size_t row = 0; row <= query; ++row) sums[row] += last[row] = static_cast<float>(weights[row] / sum);
  }
}

Result<LogitsView> FakeEngine::StepProbed(const SeqRows& rows, AttentionProbe& probe) {
  if (probe.rows != Length(rows.seq))
    return Fail(ErrorCode::kUsage, "a probe of {} rows cannot go on in a sequence of {}", probe.rows,
                Length(rows.seq));
  if (probe.layers.empty()) return Fail(ErrorCode::kUsage, "a probe names no layer");
  for (size_t i = 1; i < probe.layers.size(); ++i) {
    if (probe.layers[i].layer <= probe.layers[i - 1].layer)
      return Fail(ErrorCode::kUsage, "layers of a probe must ascend, {} follows {}", probe.layers[i].layer,
                  probe.layers[i - 1].layer);
  }
  auto logits = Step({&rows, 1});
  if (!logits) return logits;
  const std::vector<uint64_t>& hashes = sequences_[rows.seq].hashes;
  for (LayerProbe& layer : probe.layers) {
    std::vector<float> sums(kFakeHeads * hashes.size(), 0.0f), last(sums);
    for (int head = 0; head < kFakeHeads; ++head) {
      const size_t at = static_cast<size_t>(head) * hashes.size();
      Look(hashes, layer.layer, head, rows.tokens.size(), &sums[at], &last[at]);
    }
    AddQueries(layer, probe.rows, static_cast<int>(rows.tokens.size()), sums, last,
               static_cast<int>(hashes.size()));
  }
  probe.heads = kFakeHeads;
  probe.rows = static_cast<int>(hashes.size());
  return logits;
}

void FakeEngine::Logits(uint64_t prefix, float* out) const {
  uint64_t salt = config_.salt;
  if (config_.follows != 0 && Unit(Mix(prefix ^ Mix(config_.salt))) < config_.agreement)
    salt = config_.follows;
  const uint64_t key = Mix(prefix ^ Mix(salt * 0x9E3779B9ull));
  for (int i = 0; i < config_.vocab_size; i += 4) {
    const PhiloxCounter words = Philox4x32({static_cast<uint32_t>(i), 0, 0, 0},
                                           {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)});
    for (int j = i; j < std::min(i + 4, config_.vocab_size); ++j) {
      out[j] = static_cast<float>(words[static_cast<size_t>(j - i)]) * 0x1p-32f * 6.0f;
    }
  }
  if (config_.end_token >= 0 && config_.end_token < config_.vocab_size) {
    const bool ends = Mix(key) % static_cast<uint64_t>(std::max(1, config_.end_every)) == 0;
    out[config_.end_token] = ends ? 40.0f : -40.0f;
  }
}

Status FakeEngine::Truncate(SeqId seq, Pos length) {
  const auto it = sequences_.find(seq);
  if (it == sequences_.end()) return Fail(ErrorCode::kUsage, "sequence {} is not open", seq);
  if (length < 0 || length > Length(seq)) {
    return Fail(ErrorCode::kUsage, "cannot truncate a sequence of {} to {}", Length(seq), length);
  }
  it->second.hashes.resize(static_cast<size_t>(length));
  return {};
}

Status FakeEngine::Copy(SeqId from, Pos length, SeqId to) {
  if (!sequences_.contains(from) || !sequences_.contains(to))
    return Fail(ErrorCode::kUsage, "sequence {} or {} is not open", from, to);
  if (Status s = CheckCopy(*this, from, length, to); !s) return s;
  const std::vector<uint64_t>& source = sequences_[from].hashes;
  std::vector<uint64_t>& target = sequences_[to].hashes;
  if (!std::equal(target.begin(), target.end(), source.begin()))
    return Fail(ErrorCode::kInternal, "sequences {} and {} differ within {} positions", from, to,
                target.size());
  target.assign(source.begin(), source.begin() + length);
  return {};
}

Pos FakeEngine::Length(SeqId seq) const {
  const auto it = sequences_.find(seq);
  return it == sequences_.end() ? 0 : static_cast<Pos>(it->second.hashes.size());
}

}  // namespace tandem
