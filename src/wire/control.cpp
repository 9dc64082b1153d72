// Control frames as FlatBuffers tables (messages.fbs). The verifier bounds every offset; what it cannot know
// (ranges, order, text) is checked here before a struct leaves.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/prompt_span.h"
#include "wire/frame_body.h"
#include "wire/messages_generated.h"
#include "wire/text.h"

namespace tandem {
namespace {

// The deepest of our tables is Open with its SamplingTable and CutTable, which has two CalibrationTables.
constexpr flatbuffers::uoffset_t kMaxDepth = 5;
constexpr flatbuffers::uoffset_t kMaxTables = 6;

static_assert(static_cast<int>(schema::FaultCode::Usage) == static_cast<int>(ErrorCode::kUsage));
static_assert(static_cast<int>(schema::FaultCode::Internal) == static_cast<int>(ErrorCode::kInternal));
static_assert(static_cast<int>(schema::FaultCode::MAX) == static_cast<int>(schema::FaultCode::Internal));

schema::Digest256 Pack(const Digest& digest) {
  return schema::Digest256(flatbuffers::span<const uint8_t, 32>(digest.data(), digest.size()));
}

Digest Unpack(const schema::Digest256& packed) {
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = packed.bytes()->Get(static_cast<uint32_t>(i));
  return digest;
}

schema::VocabId Pack(const VocabIdentity& vocab) {
  return {vocab.size, Pack(vocab.digest)};
}

VocabIdentity Unpack(const schema::VocabId& packed) {
  return {packed.size(), Unpack(packed.digest())};
}

flatbuffers::Offset<flatbuffers::String> Pack(const std::string& text,
                                              flatbuffers::FlatBufferBuilder& builder) {
  return builder.CreateString(ToWireText(text));
}

template <class Table>
void Finish(flatbuffers::Offset<Table> root, flatbuffers::FlatBufferBuilder& builder, ByteWriter& out) {
  builder.Finish(root);
  out.Raw({builder.GetBufferPointer(), builder.GetSize()});
}

// A verified table over its own copy of the bytes: behind the kind byte they are not aligned.
template <class Table>
class Verified {
 public:
  explicit Verified(ByteView body) : bytes_(body.begin(), body.end()) {
    flatbuffers::Verifier verifier(bytes_.data(), bytes_.size(), kMaxDepth, kMaxTables);
    if (verifier.VerifyBuffer<Table>(nullptr)) table_ = flatbuffers::GetRoot<Table>(bytes_.data());
  }
  const Table* operator->() const { return table_; }
  explicit operator bool() const { return table_ != nullptr; }

 private:
  Bytes bytes_;
  const Table* table_ = nullptr;
};

tl::unexpected<Error> Damaged(const char* frame) {
  return Fail(ErrorCode::kProtocol, "{} frame: its table is damaged", frame);
}

// Collects the first complaint about a frame's values.
class Checks {
 public:
  explicit Checks(const char* frame) : frame_(frame) {}

  std::string Text(const flatbuffers::String* text, const char* name) {
    if (IsWireText({text->c_str(), text->size()})) return text->str();
    Complain(name, "is no UTF-8 text of at most {} bytes without control characters", kMaxText);
    return {};
  }
  int32_t Within(int32_t value, int32_t largest, const char* name) {
    if (value < 0 || value > largest) Complain(name, "is {}, not 0 to {}", value, largest);
    return value;
  }
  template <class... Args>
  void Complain(const char* name, fmt::format_string<Args...> what, Args&&... args) {
    if (!status_) return;
    status_ = Fail(ErrorCode::kProtocol, "{} frame: {} {}", frame_, name,
                   fmt::format(what, std::forward<Args>(args)...));
  }
  template <class T>
  Result<Frame> Or(T frame) const {
    if (!status_) return Forward(status_);
    return Frame(std::move(frame));
  }

 private:
  const char* frame_;
  Status status_;
};

constexpr int32_t kMaxPos = std::numeric_limits<Pos>::max();

}  // namespace

void WriteBody(const Hello& hello, ByteWriter& out) {
  flatbuffers::FlatBufferBuilder builder;
  const auto software = Pack(hello.software, builder);
  const schema::VocabId vocab = Pack(hello.vocab);
  Finish(schema::CreateHelloTable(builder, hello.version, software, hello.has_vocab ? &vocab : nullptr),
         builder, out);
}

Result<Frame> ReadHello(ByteView body) {
  const Verified<schema::HelloTable> table(body);
  if (!table) return Damaged("Hello");
  Hello hello;
  Checks checks("Hello");
  hello.version = table->version();
  hello.software = checks.Text(table->software(), "software");
  hello.has_vocab = table->vocab() != nullptr;
  if (hello.has_vocab) hello.vocab = Unpack(*table->vocab());
  checks.Within(hello.vocab.size, kMaxPos, "vocab size");
  return checks.Or(std::move(hello));
}

void WriteBody(const Welcome& welcome, ByteWriter& out) {
  flatbuffers::FlatBufferBuilder builder;
  const auto software = Pack(welcome.software, builder);
  const auto model_name = Pack(welcome.model_name, builder);
  const auto fingerprint = Pack(welcome.fingerprint, builder);
  const schema::VocabId vocab = Pack(welcome.vocab);
  const schema::Digest256 weights = Pack(welcome.weights);
  schema::WelcomeTableBuilder table(builder);
  table.add_version(welcome.version);
  table.add_software(software);
  table.add_model_name(model_name);
  table.add_vocab(&vocab);
  table.add_weights(&weights);
  table.add_fingerprint(fingerprint);
  table.add_exact(welcome.exact);
  table.add_context(welcome.context);
  table.add_max_draft(welcome.max_draft);
  schema::Digest256 vocabulary;
  if (welcome.vocabulary) {
    vocabulary = Pack(welcome.vocabulary->digest);
    table.add_vocabulary_bytes(welcome.vocabulary->bytes);
    table.add_vocabulary(&vocabulary);
  }
  schema::Digest256 identity;
  if (welcome.split) {
    identity = Pack(welcome.split->identity);
    table.add_layers(welcome.split->layers);
    table.add_width(welcome.split->width);
    table.add_identity(&identity);
  }
  Finish(table.Finish(), builder, out);
}

Result<Frame> ReadWelcome(ByteView body) {
  const Verified<schema::WelcomeTable> table(body);
  if (!table) return Damaged("Welcome");
  Welcome welcome;
  Checks checks("Welcome");
  welcome.version = table->version();
  welcome.software = checks.Text(table->software(), "software");
  welcome.model_name = checks.Text(table->model_name(), "model name");
  welcome.vocab = Unpack(*table->vocab());
  checks.Within(welcome.vocab.size, kMaxPos, "vocab size");
  welcome.weights = Unpack(*table->weights());
  welcome.fingerprint = checks.Text(table->fingerprint(), "fingerprint");
  welcome.exact = table->exact();
  welcome.context = checks.Within(table->context(), kMaxPos, "context");
  welcome.max_draft = checks.Within(table->max_draft(), kMaxDraftTokens, "max_draft");
  if (table->vocabulary() != nullptr) {
    welcome.vocabulary = {table->vocabulary_bytes(), Unpack(*table->vocabulary())};
    if (welcome.vocabulary->bytes < 1 || welcome.vocabulary->bytes > kMaxVocabularyBytes)
      checks.Complain("vocabulary", "has {} bytes, not 1 to {}", welcome.vocabulary->bytes,
                      kMaxVocabularyBytes);
  }
  if (table->identity() != nullptr)
    welcome.split = {checks.Within(table->layers(), kMaxPos, "layers"),
                     checks.Within(table->width(), kMaxPos, "width"), Unpack(*table->identity())};
  return checks.Or(std::move(welcome));
}

namespace {

SamplingParams Unpack(const schema::SamplingTable& table) {
  SamplingParams params;
  params.seed = table.seed();
  params.temperature = table.temperature();
  params.top_k = table.top_k();
  params.top_p = table.top_p();
  params.min_p = table.min_p();
  params.repeat_penalty = table.repeat_penalty();
  params.frequency_penalty = table.frequency_penalty();
  params.presence_penalty = table.presence_penalty();
  params.repeat_last_n = table.repeat_last_n();
  return params;
}

flatbuffers::Offset<schema::SamplingTable> Pack(const SamplingParams& params,
                                                flatbuffers::FlatBufferBuilder& builder) {
  return schema::CreateSamplingTable(builder, params.seed, params.temperature, params.top_k, params.top_p,
                                     params.min_p, params.repeat_penalty, params.frequency_penalty,
                                     params.presence_penalty, params.repeat_last_n);
}

// Spans in order, not empty, not overlapping, inside [0, length).
std::vector<PromptSpan> ReadSpans(const flatbuffers::Vector<const schema::Span*>* packed, size_t length,
                                  Checks& checks) {
  std::vector<PromptSpan> spans;
  if (packed == nullptr) return spans;
  if (packed->size() > kMaxSpans) {
    checks.Complain("spans", "number {}, more than {}", packed->size(), kMaxSpans);
    return spans;
  }
  for (const schema::Span* span : *packed) spans.push_back({span->begin(), span->end()});
  if (const auto misfit = FindMisfit(spans, length)) {
    checks.Complain("spans", "hold [{}, {}) after position {} in {} ids", misfit->span.begin,
                    misfit->span.end, misfit->after, length);
    spans.clear();
  }
  return spans;
}

}  // namespace

namespace {

// Absent where it says nothing.
flatbuffers::Offset<schema::CalibrationTable> Pack(const RowCalibration& calibration,
                                                   flatbuffers::FlatBufferBuilder& builder) {
  if (calibration == RowCalibration()) return {};
  std::vector<schema::Channel> channels;
  const size_t count = std::min(calibration.channels.size(), calibration.mean_magnitudes.size());
  for (size_t i = 0; i < count; ++i) {
    const ValueRange& range = calibration.channels[i];
    channels.emplace_back(range.low, range.high, calibration.mean_magnitudes[i]);
  }
  return schema::CreateCalibrationTable(builder, builder.CreateVectorOfStructs(channels),
                                        calibration.sink_threshold);
}

// Whether the figures suit the codec is RowCodec's to say.
RowCalibration Unpack(const schema::CalibrationTable* table, const char* name, Checks& checks) {
  RowCalibration calibration;
  if (table == nullptr) return calibration;
  calibration.sink_threshold = table->sink_threshold();
  if (!(calibration.sink_threshold >= 0))
    checks.Complain(name, "has a threshold of {}, expected 0 or more", calibration.sink_threshold);
  if (table->channels() == nullptr) return calibration;
  if (table->channels()->size() > static_cast<uint32_t>(kMaxRowWidth)) {
    checks.Complain(name, "has {} channels, more than {}", table->channels()->size(), kMaxRowWidth);
    return calibration;
  }
  for (const schema::Channel* channel : *table->channels()) {
    const float low = channel->low(), high = channel->high(), mean = channel->mean_magnitude();
    if (!std::isfinite(low) || !std::isfinite(high) || !std::isfinite(mean))
      checks.Complain(name, "has channel {} in {}..{}, mean magnitude {}", calibration.channels.size(), low,
                      high, mean);
    calibration.channels.push_back({low, high});
    calibration.mean_magnitudes.push_back(mean);
  }
  return calibration;
}

flatbuffers::Offset<schema::CutTable> Pack(const ModelCut& cut, flatbuffers::FlatBufferBuilder& builder) {
  const schema::Digest256 identity = Pack(cut.identity);
  const auto calibration = Pack(cut.calibration, builder);
  const auto calibration_back = Pack(cut.calibration_back, builder);
  return schema::CreateCutTable(builder, cut.begin, cut.end, &identity, Pack(cut.codec, builder),
                                Pack(cut.codec_back, builder), cut.untold, calibration, calibration_back);
}

ModelCut Unpack(const schema::CutTable& table, Checks& checks) {
  ModelCut cut;
  cut.begin = checks.Within(table.begin(), kMaxPos, "the cut's begin");
  cut.end = checks.Within(table.end(), kMaxPos, "the cut's end");
  cut.identity = Unpack(*table.identity());
  cut.codec = checks.Text(table.codec(), "codec");
  if (table.codec_back() != nullptr) cut.codec_back = checks.Text(table.codec_back(), "codec_back");
  cut.untold = checks.Within(table.untold(), kMaxOpenTokens, "untold");
  cut.calibration = Unpack(table.calibration(), "calibration", checks);
  cut.calibration_back = Unpack(table.calibration_back(), "calibration_back", checks);
  return cut;
}

}  // namespace

void WriteBody(const Open& open, ByteWriter& out) {
  flatbuffers::FlatBufferBuilder builder;
  ByteWriter packed;
  PackIds(open.ids, packed);
  std::vector<schema::Span> spans;
  for (const PromptSpan& span : open.spans) spans.emplace_back(span.begin, span.end);
  const auto ids = builder.CreateVector(packed.Take());
  const auto span_vector = builder.CreateVectorOfStructs(spans);
  const auto sampling = Pack(open.sampling, builder);
  const auto cut = open.cut ? Pack(*open.cut, builder) : flatbuffers::Offset<schema::CutTable>();
  Finish(schema::CreateOpenTable(builder, ids, span_vector, sampling, open.epoch, open.run_until,
                                 static_cast<uint8_t>(open.rule), open.law_ids, open.lattice, cut),
         builder, out);
}

Result<Frame> ReadOpen(ByteView body) {
  const Verified<schema::OpenTable> table(body);
  if (!table) return Damaged("Open");
  Result<std::vector<Token>> ids =
      UnpackIds({table->ids()->data(), table->ids()->size()}, kMaxOpenTokens, "Open frame");
  if (!ids) return Forward(ids);
  Open open;
  Checks checks("Open");
  open.ids = std::move(*ids);
  if (table->cut() != nullptr) open.cut = Unpack(*table->cut(), checks);
  if (open.Length() == 0) return Fail(ErrorCode::kProtocol, "Open frame: no ids");
  open.spans = ReadSpans(table->spans(), open.Length(), checks);
  open.sampling = Unpack(*table->sampling());
  open.epoch = table->epoch();
  open.run_until = checks.Within(table->run_until(), kMaxPos, "run_until");
  open.rule = static_cast<Rule>(checks.Within(table->rule(), static_cast<int>(Rule::kBlock), "rule"));
  open.law_ids = checks.Within(table->law_ids(), kMaxPos, "law_ids");
  open.lattice = checks.Within(table->lattice(), kMaxPos, "lattice");
  return checks.Or(std::move(open));
}

void WriteBody(const Opened& opened, ByteWriter& out) {
  flatbuffers::FlatBufferBuilder builder;
  Finish(schema::CreateOpenedTable(builder, opened.length, opened.server_us, opened.rows_us), builder, out);
}

Result<Frame> ReadOpened(ByteView body) {
  const Verified<schema::OpenedTable> table(body);
  if (!table) return Damaged("Opened");
  Checks checks("Opened");
  const Opened opened{checks.Within(table->length(), kMaxPos, "length"), table->server_us(),
                      table->rows_us()};
  if (opened.server_us > kMaxServerUs)
    checks.Complain("server_us", "is {}, above {}", opened.server_us, kMaxServerUs);
  if (opened.rows_us > opened.server_us)
    checks.Complain("rows_us", "is {}, above server_us {}", opened.rows_us, opened.server_us);
  return checks.Or(opened);
}

void WriteBody(const Fault& fault, ByteWriter& out) {
  flatbuffers::FlatBufferBuilder builder;
  const auto message = Pack(fault.message, builder);
  Finish(schema::CreateFaultTable(builder, static_cast<schema::FaultCode>(fault.code), message,
                                  fault.retry_after_ms),
         builder, out);
}

Result<Frame> ReadFault(ByteView body) {
  const Verified<schema::FaultTable> table(body);
  if (!table) return Damaged("Fault");
  Fault fault;
  Checks checks("Fault");
  const int code = static_cast<int>(table->code());
  fault.code = static_cast<ErrorCode>(checks.Within(code, static_cast<int>(schema::FaultCode::MAX), "code"));
  fault.message = checks.Text(table->message(), "message");
  fault.retry_after_ms = table->retry_after_ms();
  return checks.Or(std::move(fault));
}

}  // namespace tandem
