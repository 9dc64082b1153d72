// See exactness_case.h.
#include "testing/exactness_case.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "testing/reference_text.h"
#include "wire/websocket.h"

namespace tandem::testing {
namespace {

template <class T>
T ValueOrDie(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << "exactness: " << result.error().message << "\n";
  std::abort();
}

// Loses the link after the n-th frame that arrives: that frame and all later ones are gone, as are those on
// their way up.
class CuttingConnection final : public Connection {
 public:
  static Result<std::unique_ptr<Connection>> Dial(const WsUrl& url, int frames,
                                                  ConnectionCallbacks callbacks) {
    auto connection = std::make_unique<CuttingConnection>();
    CuttingConnection* raw = connection.get();
    raw->left_ = frames;
    const auto on_frame = [raw, deliver = callbacks.on_frame](Bytes frame) {
      if (raw->left_-- > 1) return deliver(std::move(frame));
      if (raw->inner_) raw->inner_->Close();
    };
    Result<std::unique_ptr<Connection>> inner =
        DialWebSocket(url, "", LinkLimits{}, {.on_frame = on_frame, .on_closed = callbacks.on_closed});
    if (!inner) return inner;
    raw->inner_ = std::move(*inner);
    return connection;
  }

  Status Send(Bytes frame) override {
    if (left_ <= 0) return Fail(ErrorCode::kNetwork, "the link is cut");
    return inner_->Send(std::move(frame));
  }
  void Close() override { inner_->Close(); }
  ByteCount counted() const override { return inner_->counted(); }

 private:
  std::atomic<int> left_{0};
  std::unique_ptr<Connection> inner_;
};

constexpr int kKeptTexts = 2;  // of the cloud: prompts and rebuilt texts take over each other's rows

}  // namespace

LoadedModel LoadOrDie(const std::string& path) {
  return {path, ValueOrDie(Model::Load(path)), ValueOrDie(Vocab::Load(path))};
}

std::unique_ptr<GgmlEngine> EngineOf(const LoadedModel& model, int threads, int max_sequences) {
  return ValueOrDie(GgmlEngine::Create(model.model, {.max_sequences = max_sequences, .threads = threads}));
}

std::unique_ptr<CloudServer> Serve(const LoadedModel& model, int max_sessions) {
  ServiceConfig config;
  config.software = "exactness test";
  config.vocab = model.vocab->identity();
  config.max_sessions = max_sessions;
  config.prefix_cache = kKeptTexts;
  WsServerOptions listen;
  listen.listen = "127.0.0.1:0";
  return ValueOrDie(CloudServer::Start(EngineOf(model, 2, max_sessions + kKeptTexts), config, listen));
}

RunResult RunCase(const ExactnessCase& c, Mode mode, const LoadedModel& target, uint16_t port) {
  GenerationConfig config;
  config.mode = mode;
  config.prompt = c.prompt;
  config.max_tokens = c.max_tokens;
  config.sampling = c.sampling;
  config.draft_length = c.draft_length;
  config.end_tokens = target.vocab->end_tokens();
  config.software = "exactness test";
  config.vocab = target.vocab->identity();
  const WsUrl url = ValueOrDie(ParseWsUrl(fmt::format("ws://127.0.0.1:{}", port)));
  int dials = 0;
  const Dialer dial = [&](ConnectionCallbacks callbacks) -> Result<std::unique_ptr<Connection>> {
    if (dials++ == 0 && c.cut_after_frames > 0)
      return CuttingConnection::Dial(url, c.cut_after_frames, std::move(callbacks));
    return DialWebSocket(url, "", LinkLimits{}, std::move(callbacks));
  };
  const std::unique_ptr<GgmlEngine> draft = mode == Mode::kCloud ? nullptr : EngineOf(*c.draft, 1, 1);
  return RunGeneration(config, {.draft = draft.get()}, dial, {});
}

std::vector<Token> WriteAlone(const ExactnessCase& c, const LoadedModel& target) {
  const std::unique_ptr<GgmlEngine> engine = EngineOf(target, 1, 1);
  return ReferenceText(*engine, {c.prompt, c.max_tokens, c.sampling, target.vocab->end_tokens()});
}

std::vector<std::string> StoryPrompts() {
  std::ifstream in(TANDEM_SOURCE_DIR "/bench/prompts/stories.txt");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace tandem::testing
