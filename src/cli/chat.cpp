// tandem chat: a conversation at a terminal or from a pipe, each answer written as `tandem run` writes a
// text.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/chat_input.h"
#include "cli/line_reader.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/signal_watch.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

constexpr const char* kHelp =
    "/clear begins a new chat, /quit or Ctrl-D leaves, /help prints this\n"
    "a line that ends in \\ goes on in the next; \"\"\" begins and ends a message of many lines\n"
    "a message that begins with / is written with //\n"
    "Ctrl-C stops an answer; at the prompt, twice, it leaves\n";

// What the chat talks with.
struct Talk {
  WritingSpec spec;
  Dialer dial{};
  EdgeModel edge{};
};

class Chat {
 public:
  Chat(const Arguments& arguments, Talk& talk, ChatText text, SignalWatch& signals)
      : talk_(talk),
        text_(std::move(text)),
        signals_(signals),
        json_(arguments.Switch("json")),
        color_(!json_ && WantsColor(arguments.Text("color"), stdout)),
        typed_(isatty(STDIN_FILENO) == 1) {}

  // The exit code: of the last answer's failure, if it failed.
  int Run() {
    if (typed_) Tell("/help tells what can be said here");
    while (!left_) {
      signals_.SetAction([this] { reader_.Wake(); });
      if (typed_) fmt::print(stderr, "{}", lines_.open() ? ". " : "> ");
      const LineReader::Event event = reader_.Next();
      signals_.SetAction({});
      if (event.kind == LineReader::Kind::kEnd) break;
      if (event.kind == LineReader::Kind::kLine)
        On(event.line);
      else
        Interrupted();
    }
    if (typed_ && !left_) fmt::print(stderr, "\n");
    return signals_.signal() == SIGTERM ? 128 + SIGTERM : code_;
  }

 private:
  void Interrupted() {
    if (signals_.signal() == SIGTERM) {
      left_ = true;
      return;
    }
    signals_.Forget();
    left_ = ++interrupts_ >= 2;
    if (typed_) fmt::print(stderr, "\n");
    lines_.Clear();
    if (!left_) Tell("Ctrl-C once more, or Ctrl-D, leaves");
  }

  void On(const std::string& line) {
    interrupts_ = 0;
    const std::optional<std::string> message = lines_.Add(line);
    if (!message || message->empty()) return;
    switch (CommandOf(*message)) {
      case ChatCommand::kNone:
        return Answer(message->starts_with("//") ? message->substr(1) : *message);
      case ChatCommand::kQuit:
        left_ = true;
        return;
      case ChatCommand::kHelp:
        fmt::print(stderr, "{}", kHelp);
        return;
      case ChatCommand::kClear:
        return text_.Clear();
      case ChatCommand::kUnknown:
        return Tell(fmt::format("there is no {}; /help tells what there is", Printable(*message)));
    }
  }

  void Answer(const std::string& message) {
    auto asked = text_.Ask(message);
    if (!asked) return Failed(asked.error());
    talk_.spec.prompt = message;
    talk_.spec.ids = *asked;
    TextPrinter printer(*talk_.edge.vocab, json_ ? nullptr : stdout, color_);
    cancel_ = false;
    signals_.SetAction([this] { cancel_ = true; });
    const Dialer dial = talk_.dial;  // a copy begins with the cloud that the last turn ended with
    auto writing = Write(talk_.spec, talk_.edge, dial, printer, cancel_);
    signals_.SetAction({});
    left_ = signals_.signal() == SIGTERM;
    if (!left_) signals_.Forget();
    if (!writing) return Failed(writing.error());
    Tell(*writing, std::move(*asked));
  }

  void Tell(const Writing& writing, PromptIds asked) {
    const TextReport& report = writing.report;
    if (json_)
      PrintJson(ToJson(report));
    else
      fmt::print("\n");
    std::fflush(stdout);
    for (const std::string& note : writing.notes) tandem::Tell(note);
    if (report.error) {
      tandem::Tell(report.error->message + "; the chat stands as before the question");
      code_ = ExitCode(report.error->code);
      return;
    }
    code_ = 0;
    text_.Answered(std::move(asked), report.tokens);
    if (report.finish == Finish::kLength)
      tandem::Tell(fmt::format("the answer was cut after {} tokens", report.tokens.size()));
  }

  static void Tell(const std::string& line) { tandem::Tell(line); }

  void Failed(const Error& error) {
    code_ = Report(error, json_);
    if (error.code == ErrorCode::kContext) Tell("/clear begins a new chat");
  }

  Talk& talk_;
  ChatText text_;
  SignalWatch& signals_;
  const bool json_, color_, typed_;
  LineReader reader_{STDIN_FILENO};
  MessageLines lines_;
  std::atomic<bool> cancel_{false};
  int interrupts_ = 0;  // at the prompt, in a row
  bool left_ = false;
  int code_ = 0;
};

}  // namespace

int ChatVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  std::atomic<bool> cancel{false};  // outlives the watch, which may set it
  SignalWatch signals(SignalWatch::Interrupts::kEachTime);
  Talk talk{.spec = SpecOf(arguments)};
  auto dial = DialerOf(arguments, talk.spec.mode, talk.spec.sampling.seed);
  if (!dial) return Report(dial.error(), json);
  talk.dial = std::move(*dial);
  signals.SetAction([&] { cancel = true; });
  auto edge = ModelOf(arguments, talk.spec.mode, talk.dial, cancel);
  signals.SetAction({});
  if (!edge) return Report(edge.error(), json);
  talk.edge = std::move(*edge);
  auto text = ChatOf(arguments, talk.edge);
  if (!text) return Report(text.error(), json);
  if (signals.Signalled()) return 128 + signals.signal();  // while the model was loading
  Announce(arguments, talk.spec, talk.edge, !json && WantsColor(arguments.Text("color"), stdout));
  return Chat(arguments, talk, std::move(*text), signals).Run();
}

}  // namespace tandem
