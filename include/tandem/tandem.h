// Tandem as a library: a small model on this machine and a large one behind a `tandem cloud` write a text
// together, or either of them alone. Only the standard library's types are in here; link tandem::tandem.
//
//   tandem::Writer::Failure why;
//   auto writer = tandem::Writer::Open({.model = "draft.gguf", .cloud = "ws://127.0.0.1:8765"}, why);
//   auto text = writer->Write({.prompt = "Once upon a time"}, [](const tandem::Writer::Token& token) {
//     std::cout << token.text;
//     return true;
//   });
//
// Nothing here throws (but std::bad_alloc), prints, or reads options from anywhere else than its arguments.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

// Holds the models that texts are written with. One Write at a time; Cancel may come from any thread.
class Writer {
 public:
  enum class Mode {
    kAuto,       // with a cloud: drafted here as far as that pays, verified there; without one: kEdge
    kEdge,       // the model here alone; no connection is opened
    kCloud,      // the cloud's model alone; no model is needed here
    kSpeculate,  // as kAuto with a cloud, with a window of fixed size
    kSync,       // likewise, block by block, each waiting for its verdict
  };

  struct Options {
    Mode mode = Mode::kAuto;
    std::string model{};  // path of the GGUF here; kCloud needs none, the cloud hands its vocabulary over
    std::string cloud{};  // ws://HOST:PORT or wss://HOST:PORT
    std::vector<std::string> replicas{};  // further clouds: the next takes over from one that is lost or busy
    std::string token{};                  // the secret shared with the cloud; empty for none
    std::string ca_file{};                // PEM certificates that wss:// trusts; empty: the system's store
    int threads = 0;                      // of the model here, 1 to 256; 0: all cores
    int context = 0;                      // positions of a text here; 0: what the model was trained for
    std::string device = "auto";  // computes here: auto (a GPU if ggml was built for one), cpu, ggml's name
  };

  // Sampling as llama.cpp understands it; the ranges are those of `tandem run`.
  struct Request {
    std::string prompt{};  // at least one byte; special tokens such as <|im_end|> are read as such
    int max_tokens = 128;  // >= 1
    uint64_t seed = 0;     // one seed, one text, in every mode that has the cloud in it
    float temperature = 0.8f;
    int top_k = 40;
    float top_p = 0.95f;
    float min_p = 0.05f;
    float repeat_penalty = 1.0f;
    int draft_length = 3;  // 1 to 64 tokens: of a frame (kSpeculate), of a block (kSync), at most (kAuto)
    int window = 0;  // drafts that may be unjudged in kSpeculate, at most 1024; 0: three times draft_length
    double retry_seconds = 60;  // how long a link that was lost is dialled again
  };

  enum class Author { kEdge, kDraft, kCloud };  // the model here alone; its draft, accepted there; the cloud

  struct Token {
    int32_t id = 0;
    Author author = Author::kEdge;
    // Whole UTF-8 characters (if the model writes any): one that is cut by a token's end comes with the token
    // that finishes it. Good during the call.
    std::string_view text{};
  };

  // code and name as the program's exit codes (docs/cli.md): 2 "usage", 3 "file", 4 "model", 5 "context", 6
  // "network", 7 "busy", 8 "protocol", 9 "auth", 10 "resource", 1 "internal".
  struct Failure {
    int code = 0;  // 0: none
    std::string name{};
    std::string sentence{};  // for people, with the offending values
  };

  // Of what `tandem run --json` calls stats; docs/cli.md defines every one of them.
  struct Statistics {
    uint64_t generated = 0, drafted = 0, sent = 0, verified = 0, accepted = 0, stale = 0, rounds = 0,
             reconnects = 0;
    uint64_t setup_bytes = 0, uplink_bytes = 0, downlink_bytes = 0;
    double first_token_ms = 0, total_ms = 0, edge_ms = 0, cloud_ms = 0;
  };

  enum class Ending {
    kStop,       // the model ended the text
    kLength,     // max_tokens or the context is used up
    kCancelled,  // by Cancel, or by a callback that said false
    kFailed,     // see failure; what had been written until then is there
  };

  struct Text {
    Ending ending = Ending::kFailed;
    Failure failure{};
    std::string text{};             // the continuation of the prompt
    std::vector<int32_t> tokens{};  // its ids
    Statistics statistics{};
    std::vector<std::string> notes{};  // for people: where "one seed, one text" does not hold, and the like
  };

  // Loads the model, or takes the cloud's vocabulary over (it is kept under the user's cache). Blocks. Null
  // when that fails, and `why` says so.
  static std::unique_ptr<Writer> Open(const Options& options, Failure& why);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Writes one text and blocks until it ends. on_token is called on this thread, for each token as it comes;
  // false ends the text after this token. It must not call Write.
  Text Write(const Request& request, const std::function<bool(const Token&)>& on_token = {});

  // Ends the Write under way with what is there, or else the next one. From any thread, a signal handler too.
  void Cancel();

 private:
  struct State;
  explicit Writer(std::unique_ptr<State> state);

  std::atomic<bool> cancelled_{false};
  std::unique_ptr<State> state_;
};

// "0.1.0"
const char* Version();

}  // namespace tandem
