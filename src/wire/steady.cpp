// Frames of the steady state as packed varints: a few bytes each, for they travel once or twice a token.
//   Drafts   epoch base id*          (ids to the frame's end)
//   Verdict  epoch base accepted token server_us judged waited_us
//   Credit   run_until
//   Close
//   Costs    step_us*                (to the frame's end)
//   CodedDrafts  epoch base block    (to the frame's end)
//   HiddenRows     epoch first asks [base count id*count] block    (block to the frame's end)
//   HiddenBack epoch first server_us block                           (likewise)
// And the handing over of a vocabulary, whose parts are bytes as they are:
//   VocabularyWanted  offset
//   VocabularyPart    offset byte*       (to the frame's end)
#include <limits>

#include "wire/frame_body.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxPos = std::numeric_limits<Pos>::max();
constexpr uint64_t kMaxEpoch = std::numeric_limits<uint32_t>::max();

// Fields of one packed body: remembers the first that is missing, too large or not in shortest form.
class Fields {
 public:
  Fields(ByteView body, const char* frame) : in_(body), frame_(frame) {}

  uint64_t Next(const char* name, uint64_t largest) {
    const uint64_t value = in_.Varint();
    if (!bad_ && (!in_.ok() || value > largest)) bad_ = name;
    return bad_ ? 0 : value;
  }
  ByteView Rest() { return in_.Raw(in_.remaining()); }

  Status Check() const {
    if (bad_) return Fail(ErrorCode::kProtocol, "{} frame: {} is missing or out of range", frame_, bad_);
    if (!in_.AtEnd()) {
      return Fail(ErrorCode::kProtocol, "{} frame: {} bytes too many", frame_, in_.remaining());
    }
    return {};
  }

 private:
  ByteReader in_;
  const char* frame_;
  const char* bad_ = nullptr;
};

// A negative number becomes a varint that no reader accepts.
uint64_t Wide(int32_t value) {
  return static_cast<uint64_t>(static_cast<int64_t>(value));
}

}  // namespace

void PackIds(const std::vector<Token>& ids, ByteWriter& out) {
  for (const Token id : ids) out.Varint(Wide(id));
}

Result<std::vector<Token>> UnpackIds(ByteView packed, size_t most, const char* where) {
  std::vector<Token> ids;
  ByteReader in(packed);
  while (!in.AtEnd()) {
    const uint64_t id = in.Varint();
    if (!in.ok() || id > kMaxPos)
      return Fail(ErrorCode::kProtocol, "{}: id {} is not a number", where, ids.size());
    if (ids.size() == most) return Fail(ErrorCode::kProtocol, "{}: more than {} ids", where, most);
    ids.push_back(static_cast<Token>(id));
  }
  return ids;
}

void WriteBody(const Drafts& drafts, ByteWriter& out) {
  out.Varint(drafts.epoch);
  out.Varint(Wide(drafts.base));
  PackIds(drafts.ids, out);
}

Result<Frame> ReadDrafts(ByteView body) {
  Fields fields(body, "Drafts");
  Drafts drafts;
  drafts.epoch = static_cast<uint32_t>(fields.Next("epoch", kMaxEpoch));
  drafts.base = static_cast<Pos>(fields.Next("base", kMaxPos - kMaxDraftTokens));
  const ByteView packed = fields.Rest();
  if (const Status status = fields.Check(); !status) return Forward(status);
  Result<std::vector<Token>> ids = UnpackIds(packed, kMaxDraftTokens, "Drafts frame");
  if (!ids) return Forward(ids);
  drafts.ids = std::move(*ids);
  return drafts;
}

void WriteBody(const Verdict& verdict, ByteWriter& out) {
  out.Varint(verdict.epoch);
  out.Varint(Wide(verdict.base));
  out.Varint(Wide(verdict.accepted));
  out.Varint(Wide(verdict.token));
  out.Varint(verdict.server_us);
  out.Varint(Wide(verdict.judged));
  out.Varint(verdict.waited_us);
}

Result<Frame> ReadVerdict(ByteView body) {
  Fields fields(body, "Verdict");
  Verdict verdict;
  verdict.epoch = static_cast<uint32_t>(fields.Next("epoch", kMaxEpoch));
  verdict.base = static_cast<Pos>(fields.Next("base", kMaxPos - kMaxDraftTokens));
  verdict.accepted = static_cast<int32_t>(fields.Next("accepted", kMaxDraftTokens));
  verdict.token = static_cast<Token>(fields.Next("token", kMaxPos));
  verdict.server_us = fields.Next("server_us", kMaxServerUs);
  verdict.judged = static_cast<int32_t>(fields.Next("judged", kMaxDraftTokens));
  verdict.waited_us = fields.Next("waited_us", kMaxServerUs);
  if (const Status status = fields.Check(); !status) return Forward(status);
  return verdict;
}

void WriteBody(const Credit& credit, ByteWriter& out) {
  out.Varint(Wide(credit.run_until));
}

Result<Frame> ReadCredit(ByteView body) {
  Fields fields(body, "Credit");
  Credit credit;
  credit.run_until = static_cast<Pos>(fields.Next("run_until", kMaxPos));
  if (const Status status = fields.Check(); !status) return Forward(status);
  return credit;
}

void WriteBody(const Costs& costs, ByteWriter& out) {
  for (const uint32_t us : costs.step_us) out.Varint(us);
}

Result<Frame> ReadCosts(ByteView body) {
  Costs costs;
  for (ByteReader in(body); !in.AtEnd();) {
    const uint64_t us = in.Varint();
    if (!in.ok() || us > std::numeric_limits<uint32_t>::max())
      return Fail(ErrorCode::kProtocol, "Costs frame: cost {} is no number", costs.step_us.size());
    if (costs.step_us.size() == kMaxCosts)
      return Fail(ErrorCode::kProtocol, "Costs frame: more than {} costs", kMaxCosts);
    costs.step_us.push_back(static_cast<uint32_t>(us));
  }
  return costs;
}

void WriteBody(const CodedDrafts& drafts, ByteWriter& out) {
  out.Varint(drafts.epoch);
  out.Varint(Wide(drafts.base));
  out.Raw(drafts.block);
}

Result<Frame> ReadCodedDrafts(ByteView body) {
  Fields fields(body, "CodedDrafts");
  CodedDrafts drafts;
  drafts.epoch = static_cast<uint32_t>(fields.Next("epoch", kMaxEpoch));
  drafts.base = static_cast<Pos>(fields.Next("base", kMaxPos - kMaxDraftTokens));
  const ByteView block = fields.Rest();
  if (const Status status = fields.Check(); !status) return Forward(status);
  if (block.size() > kMaxCodedBytes)
    return Fail(ErrorCode::kProtocol, "CodedDrafts frame: a block of {} bytes, at most {}", block.size(),
                kMaxCodedBytes);
  drafts.block.assign(block.begin(), block.end());
  return drafts;
}

void WriteBody(const Close&, ByteWriter&) {}

Result<Frame> ReadClose(ByteView body) {
  if (const Status status = Fields(body, "Close").Check(); !status) return Forward(status);
  return Close{};
}

namespace {

// Where the parts of a vocabulary begin.
uint32_t NextOffset(Fields& fields) {
  return static_cast<uint32_t>(fields.Next("offset", kMaxVocabularyBytes - 1));
}

}  // namespace

void WriteBody(const HiddenRows& rows, ByteWriter& out) {
  out.Varint(rows.epoch);
  out.Varint(Wide(rows.first));
  out.Varint(rows.asks ? 1 : 0);
  if (rows.asks) {
    out.Varint(Wide(rows.base));
    out.Varint(rows.ids.size());
    PackIds(rows.ids, out);
  }
  out.Raw(rows.block);
}

namespace {

// Coded rows, to the frame's end.
Status CheckBlock(ByteView block, const char* frame) {
  if (!block.empty() && block.size() <= kMaxRowsBytes) return {};
  return Fail(ErrorCode::kProtocol, "{} frame: {} bytes of rows, not 1 to {}", frame, block.size(),
              kMaxRowsBytes);
}

}  // namespace

Result<Frame> ReadHiddenRows(ByteView body) {
  Fields fields(body, "HiddenRows");
  HiddenRows rows;
  rows.epoch = static_cast<uint32_t>(fields.Next("epoch", kMaxEpoch));
  rows.first = static_cast<Pos>(fields.Next("first", kMaxPos));
  rows.asks = fields.Next("asks", 1) == 1;
  if (rows.asks) {
    rows.base = static_cast<Pos>(fields.Next("base", kMaxPos - kMaxDraftTokens));
    const uint64_t count = fields.Next("count", kMaxDraftTokens);
    for (uint64_t i = 0; i < count; ++i) rows.ids.push_back(static_cast<Token>(fields.Next("id", kMaxPos)));
  }
  const ByteView block = fields.Rest();
  if (const Status status = fields.Check(); !status) return Forward(status);
  if (const Status status = CheckBlock(block, "HiddenRows"); !status) return Forward(status);
  rows.block.assign(block.begin(), block.end());
  return rows;
}

void WriteBody(const HiddenBack& rows, ByteWriter& out) {
  out.Varint(rows.epoch);
  out.Varint(Wide(rows.first));
  out.Varint(rows.server_us);
  out.Raw(rows.block);
}

Result<Frame> ReadHiddenBack(ByteView body) {
  Fields fields(body, "HiddenBack");
  HiddenBack rows;
  rows.epoch = static_cast<uint32_t>(fields.Next("epoch", kMaxEpoch));
  rows.first = static_cast<Pos>(fields.Next("first", kMaxPos));
  rows.server_us = fields.Next("server_us", kMaxServerUs);
  const ByteView block = fields.Rest();
  if (const Status status = fields.Check(); !status) return Forward(status);
  if (const Status status = CheckBlock(block, "HiddenBack"); !status) return Forward(status);
  rows.block.assign(block.begin(), block.end());
  return rows;
}

void WriteBody(const VocabularyWanted& wanted, ByteWriter& out) {
  out.Varint(wanted.offset);
}

Result<Frame> ReadVocabularyWanted(ByteView body) {
  Fields fields(body, "VocabularyWanted");
  const VocabularyWanted wanted{NextOffset(fields)};
  if (const Status status = fields.Check(); !status) return Forward(status);
  return wanted;
}

void WriteBody(const VocabularyPart& part, ByteWriter& out) {
  out.Varint(part.offset);
  out.Raw(part.bytes);
}

Result<Frame> ReadVocabularyPart(ByteView body) {
  Fields fields(body, "VocabularyPart");
  VocabularyPart part{.offset = NextOffset(fields)};
  const ByteView bytes = fields.Rest();
  if (const Status status = fields.Check(); !status) return Forward(status);
  if (bytes.empty() || bytes.size() > kMaxVocabularyPart) {
    return Fail(ErrorCode::kProtocol, "VocabularyPart frame: {} bytes, not 1 to {}", bytes.size(),
                kMaxVocabularyPart);
  }
  part.bytes.assign(bytes.begin(), bytes.end());
  return part;
}

}  // namespace tandem
