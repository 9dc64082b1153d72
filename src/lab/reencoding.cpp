// See reencoding.h.
#include "lab/reencoding.h"

#include <algorithm>
#include <numeric>

namespace tandem {

namespace {

// The text so far in the whole model, one row at a time.
class Continuation {
 public:
  explicit Continuation(Engine& engine) : engine_(engine) {}
  ~Continuation() { engine_.Close(seq_); }
  Continuation(const Continuation&) = delete;
  Continuation& operator=(const Continuation&) = delete;

  Status Begin() {
    const auto seq = engine_.Open();
    if (!seq) return Forward(seq);
    seq_ = *seq;
    return {};
  }

  // Appends the id and ranks what comes next: the `most` likeliest, best first.
  Status Add(Token id, size_t most) {
    const SeqRows step{seq_, engine_.Length(seq_), {&id, 1}, false, 1};
    const auto logits = engine_.Step({&step, 1});
    if (!logits) return Forward(logits);
    const std::span<const float> row = (*logits)[0];
    likeliest_.resize(row.size());
    std::iota(likeliest_.begin(), likeliest_.end(), 0);
    const auto end = likeliest_.begin() + static_cast<ptrdiff_t>(std::min(most, row.size()));
    std::partial_sort(likeliest_.begin(), end, likeliest_.end(), [&](Token a, Token b) {
      const float x = row[static_cast<size_t>(a)], y = row[static_cast<size_t>(b)];
      return x != y ? x > y : a < b;
    });
    likeliest_.erase(end, likeliest_.end());
    return {};
  }

  std::span<const Token> likeliest() const { return likeliest_; }

 private:
  Engine& engine_;
  SeqId seq_ = -1;
  std::vector<Token> likeliest_;
};

// Distinct ids of both lists in turn, `most` at most.
std::vector<Token> InTurn(std::span<const Token> a, std::span<const Token> b, size_t most) {
  std::vector<Token> ids;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    for (const std::span<const Token> list : {a, b}) {
      const bool fits = i < list.size() && ids.size() < most;
      if (fits && std::find(ids.begin(), ids.end(), list[i]) == ids.end()) ids.push_back(list[i]);
    }
  }
  return ids;
}

double SquaredDistance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

// Each row alone, as if it were at `position`, through the codec and back.
Status PassEach(const RowCodec& codec, Pos position, std::vector<float>& rows) {
  const size_t width = codec.width();
  for (size_t at = 0; at < rows.size(); at += width) {
    const std::span<float> row = std::span<float>(rows).subspan(at, width);
    const auto message = codec.Encode({row, width}, position);
    if (!message) return Forward(message);
    const auto decoded = codec.Decode(*message, 1);
    if (!decoded) return Forward(decoded);
    std::copy(decoded->begin(), decoded->end(), row.begin());
  }
  return {};
}

// Finds the candidate whose row is the nearest, and appends it to the model's text.
class RowMatch {
 public:
  RowMatch(ModelAtCut& model, const Reencoding& plan, Pos position, std::span<const float> row)
      : model_(model), plan_(plan), position_(position), row_(row) {
    for (const float x : row) near_ += kNear * kNear * double{x} * x;
  }

  Result<Token> Find(std::span<const Token> candidates) {
    for (size_t at = 0; at < candidates.size() && !(found_ && least_ <= near_); at += plan_.at_once) {
      const size_t count = std::min(plan_.at_once, candidates.size() - at);
      if (Status s = Compare(candidates.subspan(at, count)); !s) return Forward(s);
    }
    if (!in_last_) {
      if (const auto again = model_.Try({&best_, 1}); !again) return Forward(again);
      index_ = 0;
    }
    if (Status s = model_.Take(index_); !s) return Forward(s);
    return best_;
  }

 private:
  static constexpr double kNear = 0.01;  // of the row's length: rows of other ids lie further off

  Status Compare(std::span<const Token> candidates) {
    auto tried = model_.Try(candidates);
    if (!tried) return Forward(tried);
    if (plan_.codec != nullptr) {
      if (Status s = PassEach(*plan_.codec, position_, *tried); !s) return s;
    }
    in_last_ = false;
    for (size_t i = 0; i < candidates.size(); ++i) {
      const double distance =
          SquaredDistance(row_, std::span<const float>(*tried).subspan(i * row_.size(), row_.size()));
      if (found_ && distance >= least_) continue;
      found_ = in_last_ = true;
      least_ = distance;
      index_ = i;
      best_ = candidates[i];
    }
    return {};
  }

  ModelAtCut& model_;
  const Reencoding& plan_;
  const Pos position_;
  const std::span<const float> row_;
  double near_ = 0, least_ = 0;
  bool found_ = false, in_last_ = false;  // in_last_: the model still holds the best one's row
  size_t index_ = 0;                      // of the best in its step
  Token best_ = kNoToken;
};

}  // namespace

Result<std::vector<Token>> Reencode(ModelAtCut& model, std::span<const float> rows,
                                    std::span<const Token> known, const Reencoding& plan) {
  const auto width = static_cast<size_t>(model.shape().width);
  const size_t n = rows.size() / width;
  if (known.size() > n || plan.per_row == 0 || plan.proposals.size() != n * plan.per_row || plan.at_once == 0)
    return Fail(ErrorCode::kUsage, "{} proposals, {} a row, {} at once, and {} known ids do not fit {} rows",
                plan.proposals.size(), plan.per_row, plan.at_once, known.size(), n);
  if (Status s = model.Restart(); !s) return Forward(s);
  Continuation continuation(model.whole());
  if (Status s = continuation.Begin(); !s) return Forward(s);
  std::vector<Token> recovered;
  for (size_t t = 0; t < n; ++t) {
    const auto proposals = std::span<const Token>(plan.proposals).subspan(t * plan.per_row, plan.per_row);
    const std::vector<Token> candidates = t < known.size()
                                              ? std::vector{known[t]}
                                              : InTurn(proposals, continuation.likeliest(), plan.candidates);
    const auto id =
        RowMatch(model, plan, static_cast<Pos>(t), rows.subspan(t * width, width)).Find(candidates);
    if (!id) return Forward(id);
    recovered.push_back(*id);
    if (t + 1 == n) break;
    if (Status s = continuation.Add(*id, plan.candidates); !s) return Forward(s);
  }
  return recovered;
}

}  // namespace tandem
