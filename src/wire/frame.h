// What edge and cloud say to each other: plain structs, one byte string each. A frame travels as one binary
// WebSocket message (or one in-memory message): a kind byte, then the body. Control frames hold a FlatBuffers
// table (messages.fbs); steady-state frames (Drafts, Verdict, Costs, ...) are packed varints.
// docs/protocol.md tells fields, limits, states.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/sampling_params.h"
#include "base/types.h"
#include "base/vocab_identity.h"
#include "codec/row_calibration.h"

namespace tandem {

constexpr uint32_t kProtocolVersion = 2;

// Limits that a decoder enforces before it allocates.
constexpr size_t kMaxFrameBytes = 8u << 20;           // any frame
constexpr size_t kMaxOpenTokens = 1u << 20;           // ids in Open
constexpr size_t kMaxDraftTokens = 1024;              // ids in Drafts
constexpr size_t kMaxSpans = 4096;                    // prompt spans in Open
constexpr size_t kMaxText = 4096;                     // bytes of any string, see text.h
constexpr uint64_t kMaxServerUs = uint64_t{1} << 40;  // any server_us: 12 days
constexpr size_t kMaxCosts = 64;                      // row counts in Costs
constexpr size_t kMaxCodedBytes = 16u << 10;          // of a coded block
constexpr int32_t kMaxCodedDrafts = 16;               // ids in it; part of the codec's shape on both sides
constexpr size_t kMaxVocabularyPart = 256u << 10;     // bytes of a VocabularyPart, so that pings get through
constexpr size_t kMaxRowsBytes = 256u << 10;          // of coded rows in a frame, for the same reason

// First byte of a frame. Numbers are never reused.
enum class FrameKind : uint8_t {
  kHello = 1,
  kWelcome = 2,
  kOpen = 3,
  kOpened = 4,
  kDrafts = 5,
  kVerdict = 6,
  kCredit = 7,
  kFault = 8,
  kClose = 9,
  kCosts = 10,
  kCodedDrafts = 11,
  kHiddenBack = 12,
  kVocabularyPart = 16,
  kHiddenRows = 17,
  kVocabularyWanted = 18,
};

// edge -> cloud, first frame of a connection.
struct Hello {
  uint32_t version = kProtocolVersion;
  std::string software{};  // "tandem 0.1.0"
  bool has_vocab = true;   // false: a client without a model, whose vocabulary comes from the cloud
  VocabIdentity vocab{};
  friend bool operator==(const Hello&, const Hello&) = default;
};

// What a cloud says of the model whose layers it computes for others.
struct SplitOffer {
  int32_t layers = 0;
  int32_t width = 0;  // floats of a row of activations
  Digest identity{};  // ModelIdentity (model/tensor_hashes.h)
  friend bool operator==(const SplitOffer&, const SplitOffer&) = default;
};

// A session in which the cloud computes layers [begin, end) of the model, and the head behind the last one;
// what lies before and behind is the edge's. Where that is the head, rows go in and rows come out, and the
// cloud is told no id at all.
struct ModelCut {
  int32_t begin = 0;
  int32_t end = 0;
  Digest identity{};         // of the edge's model: must be the cloud's
  std::string codec{};       // of rows to the cloud (codec/row_codec_spec.h)
  std::string codec_back{};  // of rows to the edge, where the head is the edge's
  Pos untold = 0;            // leading positions of the text whose ids the cloud is not told
  // What these codecs know of the rows beforehand, where they must: the edge's model says it, the cloud
  // believes it. At most kMaxRowWidth channels.
  RowCalibration calibration{};
  RowCalibration calibration_back{};

  bool HeadAtEdge() const { return !codec_back.empty(); }
  friend bool operator==(const ModelCut&, const ModelCut&) = default;
};

// cloud -> edge, answer to Hello.
struct Welcome {
  uint32_t version = kProtocolVersion;
  std::string software{};
  std::string model_name{};
  VocabIdentity vocab{};
  Digest weights{};           // of the target's file
  std::string fingerprint{};  // kernels; two replicas promise equal text only if these are equal
  bool exact = true;
  int32_t context = 0;    // positions
  int32_t max_draft = 0;  // ids of one Drafts frame that the cloud will verify in one step
  std::optional<VocabularyOffer> vocabulary{};  // for a Hello without one; nullopt: none is handed over
  std::optional<SplitOffer> split{};            // nullopt: it computes whole models only
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

// edge -> cloud: a session on this connection, from nothing but ids. Sent again after a lost link with all
// committed ids.
struct Open {
  std::vector<Token> ids{};         // prompt and everything committed, at least one id; behind cut->untold
                                    // positions where the model is cut, and then there may be none
  std::vector<PromptSpan> spans{};  // which of them came as prompts
  SamplingParams sampling{};
  uint32_t epoch = 0;  // epoch of the first Drafts that will follow
  Pos run_until = 0;   // credit: the cloud may extend the text by itself to this length; 0: only verify
  Rule rule = Rule::kCoupled;     // that judges drafts
  int32_t law_ids = 8;            // of a law, with the rules that need laws (base/sparse_draft.h)
  int32_t lattice = 100;          // shares of a law, likewise
  std::optional<ModelCut> cut{};  // where the model is cut between edge and cloud; nullopt: it is not

  size_t Length() const { return ids.size() + (cut ? static_cast<size_t>(cut->untold) : 0); }
  friend bool operator==(const Open&, const Open&) = default;
};

// cloud -> edge: the session is admitted. Sent after the prompt is in the cache.
struct Opened {
  Pos length = 0;          // ids taken
  uint64_t server_us = 0;  // from Open's arrival to this frame
  uint64_t rows_us = 0;    // ... to that of the prompt's last rows, where the model is cut; tells of the link
  friend bool operator==(const Opened&, const Opened&) = default;
};

// cloud -> edge: what a step costs now, so that the edge can plan. Sent behind Opened, and again when it has
// changed much.
struct Costs {
  std::vector<uint32_t>
      step_us{};  // [i]: a step in which this session has i + 1 rows, under the present load; more where the
                  // cloud would not take up as many (cloud/step_policy.h)
  friend bool operator==(const Costs&, const Costs&) = default;
};

// edge -> cloud: ids drafted for positions [base, base + ids.size()). Empty ids ask for one token from the
// cloud.
struct Drafts {
  uint32_t epoch = 0;
  Pos base = 0;
  std::vector<Token> ids{};
  friend bool operator==(const Drafts&, const Drafts&) = default;
};

// edge -> cloud: one drafted block with the laws it was drawn from, as codec `sqs` makes it (codec/sqs.h),
// for the rules that need laws. Its place is that of Drafts with as many ids.
struct CodedDrafts {
  uint32_t epoch = 0;
  Pos base = 0;
  Bytes block{};
  friend bool operator==(const CodedDrafts&, const CodedDrafts&) = default;
};

// edge -> cloud, where the model is cut: activations of the positions from `first` on. They come in order
// without gaps; those of a branch that has ended are sent again for the ids that took its place. With `asks`
// the frame is one of drafts as well, and its rows reach up to the last draft. Where the head is the edge's
// no frame asks: every row comes back, and a higher epoch says that those from `first` on are replaced.
struct HiddenRows {
  uint32_t epoch = 0;
  Pos first = 0;
  bool asks = false;
  Pos base = 0;              // with asks: as in Drafts
  std::vector<Token> ids{};  // likewise
  Bytes block{};             // rows as the session's codec makes them (codec/row_codec.h); at least one
  friend bool operator==(const HiddenRows&, const HiddenRows&) = default;
};

// cloud -> edge, where the head is the edge's: what became of the rows from `first` on, which came in that
// epoch.
struct HiddenBack {
  uint32_t epoch = 0;
  Pos first = 0;
  uint64_t server_us = 0;  // from the arrival of the frame that brought the last of them to now
  Bytes block{};
  friend bool operator==(const HiddenBack&, const HiddenBack&) = default;
};

// cloud -> edge: cumulative. Drafts for positions below base + accepted stand; `token` is the text at base +
// accepted (correction, bonus, or streamed token). A correction (accepted < drafted) makes everything later
// of this epoch stale.
struct Verdict {
  uint32_t epoch = 0;
  Pos base = 0;
  int32_t accepted = 0;
  Token token = kNoToken;
  uint64_t server_us =
      0;  // from the arrival of the frame that it answers (streaming: from the step's start) to now
  int32_t judged = 0;      // drafts that the step took up; 0: the cloud went on by itself (or was asked to)
  uint64_t waited_us = 0;  // how long the cloud held this step for drafts when it could have streamed: the
                           // price of its choice
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// edge -> cloud: more credit for a session that streams.
struct Credit {
  Pos run_until = 0;
  friend bool operator==(const Credit&, const Credit&) = default;
};

// Either side: the session (or the connection, when none is open) ends for this reason.
struct Fault {
  ErrorCode code = ErrorCode::kInternal;
  std::string message{};
  uint32_t retry_after_ms = 0;  // with kBusy: a hint, else 0
  friend bool operator==(const Fault&, const Fault&) = default;
};

// edge -> cloud: the session is done; the connection stays for another Open.
struct Close {
  friend bool operator==(const Close&, const Close&) = default;
};

// edge -> cloud: the part of the offered vocabulary file that begins at `offset`, please. Parts are asked for
// in order, each once on a connection.
struct VocabularyWanted {
  uint32_t offset = 0;  // a multiple of kMaxVocabularyPart
  friend bool operator==(const VocabularyWanted&, const VocabularyWanted&) = default;
};

// cloud -> edge: kMaxVocabularyPart bytes of the file from `offset`; the last part is shorter.
struct VocabularyPart {
  uint32_t offset = 0;
  Bytes bytes{};  // at least one
  friend bool operator==(const VocabularyPart&, const VocabularyPart&) = default;
};

using Frame = std::variant<Hello, Welcome, Open, Opened, Drafts, Verdict, Credit, Fault, Close, Costs,
                           CodedDrafts, VocabularyWanted, VocabularyPart, HiddenRows, HiddenBack>;

// Text is cleaned and cut to kMaxText (text.h). A frame with values out of range becomes bytes that Decode
// refuses. Hello without has_vocab drops vocab.
Bytes Encode(const Frame& frame);

// kProtocol with a sentence for anything that is not exactly one well-formed frame within the limits. Token
// ids are checked to be >= 0 only: the vocabulary is the receiver's to check. Never allocates more than a
// small multiple of the input's size.
Result<Frame> Decode(ByteView bytes);

const char* FrameName(const Frame& frame);  // "Hello", ... for messages

}  // namespace tandem
