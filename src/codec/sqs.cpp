// See sqs.h. The encoder pushes in the reverse of the layout's order.
#include "codec/sqs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "codec/integer_stack.h"

namespace tandem {
namespace {

using Set = std::vector<uint32_t>;  // ascending, out of [0, n)

Set Complement(const Set& set, uint32_t n) {
  Set others;
  size_t next = 0;
  for (uint32_t i = 0; i < n; ++i) {
    if (next < set.size() && set[next] == i) {
      ++next;
    } else {
      others.push_back(i);
    }
  }
  return others;
}

// Members go one by one, which one the number itself says: that takes log2(m!) bits out of it, as many as an
// order of the members would have put in. A member counts among the ids that are not yet known to a decoder.
void PushMembers(Set set, uint32_t n, IntegerStack& out) {
  for (auto j = static_cast<uint32_t>(set.size()); j > 0; --j) {
    const uint32_t i = out.Pop(j);
    out.Push(set[i] - i, n - j + 1);
    set.erase(set.begin() + i);
  }
}

void PushSet(const Set& set, uint32_t n, IntegerStack& out) {
  const bool others_are_fewer = set.size() > n - set.size();
  PushMembers(others_are_fewer ? Complement(set, n) : set, n, out);
}

Set PopMembers(uint32_t m, uint32_t n, IntegerStack& in) {
  Set set;
  for (uint32_t j = 1; j <= m; ++j) {
    uint32_t member = in.Pop(n - j + 1);
    uint32_t i = 0;
    for (; i < set.size() && set[i] <= member; ++i) ++member;
    set.insert(set.begin() + i, member);
    in.Push(i, j);
  }
  return set;
}

Set PopSet(uint32_t m, uint32_t n, IntegerStack& in) {
  return m > n - m ? Complement(PopMembers(n - m, n, in), n) : PopMembers(m, n, in);
}

// Where one id's shares end and the next one's begin, counted from 0.
Set Borders(const std::vector<uint32_t>& counts) {
  Set borders;
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < counts.size(); ++i) borders.push_back((sum += counts[i]) - 1);
  return borders;
}

std::vector<uint32_t> Counts(const Set& borders, uint32_t lattice) {
  std::vector<uint32_t> counts;
  uint32_t sum = 0;
  for (const uint32_t border : borders) {
    counts.push_back(border + 1 - sum);
    sum = border + 1;
  }
  counts.push_back(lattice - sum);
  return counts;
}

// Likely ids first: their shares begin at 0, where a number that is still small grows least.
std::vector<size_t> ByCount(const SparseDraft& law) {
  std::vector<size_t> order(law.ids.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&law](size_t a, size_t b) { return law.counts[a] > law.counts[b]; });
  return order;
}

void PushDrafted(Token id, const SparseDraft& law, uint32_t lattice, IntegerStack& out) {
  uint32_t below = 0;
  for (const size_t i : ByCount(law)) {
    if (law.ids[i] == id) return out.PushShare({below, law.counts[i], lattice});
    below += law.counts[i];
  }
}

Token PopDrafted(const SparseDraft& law, uint32_t lattice, IntegerStack& in) {
  const uint32_t mark = in.Pop(lattice);
  uint32_t below = 0;
  for (const size_t i : ByCount(law)) {
    if (mark < below + law.counts[i]) {
      in.Restore({below, law.counts[i], lattice}, mark);
      return law.ids[i];
    }
    below += law.counts[i];
  }
  return kNoToken;  // not reached: the counts' sum is the lattice
}

void PushLaw(const SparseDraft& law, const DraftGrid& grid, IntegerStack& out) {
  PushSet(Borders(law.counts), static_cast<uint32_t>(grid.lattice - 1), out);
  PushSet(Set(law.ids.begin(), law.ids.end()), static_cast<uint32_t>(grid.vocab), out);
  out.Push(static_cast<uint32_t>(law.ids.size() - 1), static_cast<uint32_t>(grid.max_ids));
}

SparseDraft PopLaw(const DraftGrid& grid, IntegerStack& in) {
  const uint32_t k = in.Pop(static_cast<uint32_t>(grid.max_ids)) + 1;
  const Set ids = PopSet(k, static_cast<uint32_t>(grid.vocab), in);
  const Set borders = PopSet(k - 1, static_cast<uint32_t>(grid.lattice - 1), in);
  return {.ids = {ids.begin(), ids.end()}, .counts = Counts(borders, static_cast<uint32_t>(grid.lattice))};
}

double Log2Binomial(int32_t n, int32_t k) {
  double bits = 0.0;
  for (int32_t j = 1; j <= k; ++j) bits += std::log2(static_cast<double>(n - k + j) / j);
  return bits;
}

}  // namespace

Status Check(const SqsShape& shape) {
  if (Status s = Check(shape.grid); !s) return s;
  const int32_t most = kMaxSqsIds / shape.grid.max_ids;
  if (shape.max_drafts >= 1 && shape.max_drafts <= most) return {};
  return Fail(ErrorCode::kUsage, "a block of {} drafts with {} ids each is outside 1..{}", shape.max_drafts,
              shape.grid.max_ids, most);
}

Result<Bytes> EncodeSqs(const SqsBlock& block, const SqsShape& shape) {
  if (block.ids.size() > static_cast<size_t>(shape.max_drafts)) {
    return Fail(ErrorCode::kProtocol, "{} drafts in a block of at most {}", block.ids.size(),
                shape.max_drafts);
  }
  if (Status s = CheckDrafted(block.ids, block.laws, shape.grid); !s) return Forward(s);
  IntegerStack out;
  for (size_t i = block.ids.size(); i-- > 0;) {
    PushDrafted(block.ids[i], block.laws[i], static_cast<uint32_t>(shape.grid.lattice), out);
    PushLaw(block.laws[i], shape.grid, out);
  }
  out.Push(static_cast<uint32_t>(block.ids.size()), static_cast<uint32_t>(shape.max_drafts) + 1);
  return out.ToBytes();
}

// A number from which every digit was popped and 0 is left is the one that pushing them gives.
Result<SqsBlock> DecodeSqs(ByteView bytes, const SqsShape& shape) {
  if (bytes.size() > SqsByteLimit(shape)) {
    return Fail(ErrorCode::kProtocol, "{} bytes of drafts, no block takes more than {}", bytes.size(),
                SqsByteLimit(shape));
  }
  if (!bytes.empty() && bytes.back() == 0) {
    return Fail(ErrorCode::kProtocol, "drafts of {} bytes end with a byte of zeros", bytes.size());
  }
  IntegerStack in(bytes);
  SqsBlock block;
  for (uint32_t g = in.Pop(static_cast<uint32_t>(shape.max_drafts) + 1); g > 0; --g) {
    block.laws.push_back(PopLaw(shape.grid, in));
    block.ids.push_back(PopDrafted(block.laws.back(), static_cast<uint32_t>(shape.grid.lattice), in));
  }
  if (in.IsZero()) return block;
  return Fail(ErrorCode::kProtocol, "{} bytes of drafts say more than {} drafts", bytes.size(),
              block.ids.size());
}

double SqsLawBits(const DraftGrid& grid, int32_t k) {
  return Log2Binomial(grid.vocab, k) + Log2Binomial(grid.lattice - 1, k - 1);
}

// Three bytes for what the first set loses while the number is too small to take an order from, and for
// rounding.
size_t SqsByteLimit(const SqsShape& shape) {
  double law = 0.0;
  for (int32_t k = 1; k <= shape.grid.max_ids; ++k) law = std::max(law, SqsLawBits(shape.grid, k));
  const double draft = law + std::log2(shape.grid.max_ids) + std::log2(shape.grid.lattice);
  const double bits = shape.max_drafts * draft + std::log2(shape.max_drafts + 1.0);
  return static_cast<size_t>(bits / 8) + 4;
}

}  // namespace tandem
