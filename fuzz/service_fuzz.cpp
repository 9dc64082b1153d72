// A hostile edge beside an honest one: whatever frames the first sends, in whatever order, the second's text
// is the one it gets alone, and nobody's answers fail to decode.
//
// Input: records of a length byte (a frame of so many of the following bytes; 0: an engine step, 253: it
// hangs up and comes back, 254: a step begins, and ends with the next 0, 255: a second goes by) for the
// hostile connection. Connection 1 streams eight tokens.
#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "cloud/fake_parts.h"
#include "cloud/service.h"
#include "decode/fake_engine.h"

namespace {

using namespace tandem;

constexpr ConnId kHonest = 1;
constexpr Pos kPrompt = 3, kUntil = 11;
constexpr uint8_t kHangUp = 253, kBegin = 254, kTime = 255;

// Two parts, the second of one byte.
std::shared_ptr<const VocabularyFile> SmallVocabulary() {
  static const auto file = std::make_shared<const VocabularyFile>(
      VocabularyFile{.bytes = Bytes(kMaxVocabularyPart + 1), .digest = {}});
  return file;
}

// The service with its clock and engine, and what the honest connection was sent.
class Cloud {
 public:
  Cloud()
      : engine_({.vocab_size = 64, .context = 128, .max_sequences = 2, .max_rows = 96}),
        service_(engine_, {.software = "fuzz",
                           .vocab = {.size = 64},
                           .vocabulary = SmallVocabulary(),
                           .max_sessions = 2,
                           .max_connections = 2,
                           .max_draft = 16,
                           .parts = FakeParts(
                               {.vocab_size = 64, .context = 128, .max_sequences = 2, .max_rows = 96}, 4),
                           .prefill_rows = 64}) {}

  void Connect(ConnId conn) { Carry(service_.OnConnect(conn, now_)); }
  void Frame(ConnId conn, ByteView bytes) { Carry(service_.OnFrame(conn, bytes, now_)); }
  void Second() {
    now_ += Micros(1'000'000);
    Carry(service_.OnTick(now_));
  }
  void HangUp(ConnId conn) { Carry(service_.OnDisconnect(conn, now_)); }
  void BeginStep() {
    if (rows_.empty()) rows_ = service_.PlanStep(now_);
  }
  bool Step() {
    BeginStep();
    if (rows_.empty()) return false;
    const Result<LogitsView> logits = service_.step_engine().Step(rows_);
    if (!logits) std::abort();  // the service planned what the engine refuses
    rows_.clear();
    now_ += Micros(1000);
    Carry(service_.OnStepDone(logits, now_));
    return true;
  }
  const std::vector<Token>& text() const { return text_; }

 private:
  void Carry(const Actions& actions) {
    for (const Action& action : actions) {
      if (action.kind != Action::Kind::kSend) {
        if (action.conn == kHonest) std::abort();
        continue;
      }
      const Result<tandem::Frame> frame = Decode(action.frame);
      if (!frame) std::abort();
      if (action.conn == kHonest) Hear(*frame);
    }
  }
  void Hear(const tandem::Frame& frame) {
    if (std::holds_alternative<Fault>(frame)) std::abort();
    if (const auto* verdict = std::get_if<Verdict>(&frame)) text_.push_back(verdict->token);
  }

  FakeEngine engine_;
  Service service_;
  Micros now_{0};
  std::vector<SeqRows> rows_;  // of the step under way
  std::vector<Token> text_;
};

void BeginHonest(Cloud& cloud) {
  cloud.Connect(kHonest);
  cloud.Frame(kHonest, Encode(Hello{.software = "fuzz", .vocab = {.size = 64}}));
  cloud.Frame(kHonest, Encode(Open{.ids = {1, 2, 3}, .spans = {{0, kPrompt}}, .run_until = kUntil}));
}

std::vector<Token> Finish(Cloud& cloud) {
  for (int step = 0; step < 4096 && cloud.Step(); ++step) {
  }
  return cloud.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Token> alone = [] {
    Cloud cloud;
    BeginHonest(cloud);
    return Finish(cloud);
  }();
  if (alone.size() != kUntil - kPrompt) std::abort();

  Cloud cloud;
  BeginHonest(cloud);
  ConnId hostile = kHonest + 1;
  cloud.Connect(hostile);
  int seconds = 0;
  for (ByteReader in({data, size}); !in.AtEnd();) {
    const uint8_t length = in.U8();
    if (length == kTime) {
      if (++seconds < 100)
        cloud.Second();  // an honest edge that says nothing for longer is timed out, rightly
    } else if (length == 0) {
      cloud.Step();
    } else if (length == kBegin) {
      cloud.BeginStep();
    } else if (length == kHangUp) {
      cloud.HangUp(hostile);
      cloud.Connect(++hostile);
    } else {
      cloud.Frame(hostile, in.Raw(std::min<size_t>(length, in.remaining())));
    }
  }
  if (Finish(cloud) != alone) std::abort();
  return 0;
}
