// tandem demo: on this machine, a cloud with a target as costly as a large model's and an edge with the demo
// draft write a story over a shaped link; then what each mode cost, and whether the texts are equal.
#include <nlohmann/json.hpp>

#include "cli/cloud_child.h"
#include "cli/demo_table.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/signal_watch.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/writing.h"
#include "edge/dialer.h"

namespace tandem {

namespace {

constexpr int kDraftThreads = 1;  // the cloud's process gets the cores: its steps are what takes time

class Demo {
 public:
  explicit Demo(const Arguments& arguments)
      : arguments_(arguments),
        json_(arguments.Switch("json")),
        color_(!json_ && WantsColor(arguments.Text("color"), stdout)) {
    signals_.SetAction([this] { cancel_ = true; });
    spec_.prompt = arguments.Text("prompt");
    spec_.max_tokens = static_cast<int32_t>(arguments.Integer("predict"));
    spec_.sampling.seed = arguments.Seed("seed");
    spec_.sampling.temperature = static_cast<float>(arguments.Number("temp"));
    spec_.draft_length = static_cast<int32_t>(arguments.Integer("draft"));
    result_.shape.rtt = arguments.Duration("rtt");
    result_.shape.rates = arguments.Rate("rate");
  }
  ~Demo() { signals_.SetAction({}); }

  int Run() {
    Status status = Prepare();
    for (Mode mode : {Mode::kSpeculate, Mode::kCloud, Mode::kEdge}) {
      if (status && !cancel_) status = WriteIn(mode);
    }
    if (cancel_) return Interrupted();
    if (!status) return Report(status.error(), json_);
    Tell();
    return result_.Identical() ? 0 : ExitCode(ErrorCode::kInternal);
  }

 private:
  Status Prepare() {
    auto draft = FindModel("demo-draft-q8_0.gguf");
    if (!draft) return Forward(draft);
    auto target = cloud_.StartDemo(tandem::Tell, [this] { return cancel_.load(); });
    if (!target) return Forward(target);
    result_.target = *target;
    auto dial = MakeDialer({cloud_.url(), "", result_.shape});
    if (!dial) return Forward(dial);
    dial_ = *dial;
    auto edge = LoadEdgeModel(*draft, Mode::kSpeculate, {.threads = kDraftThreads});
    if (!edge) return Forward(edge);
    edge_ = std::move(*edge);
    Introduce();
    return {};
  }

  void Introduce() {
    const DemoTarget& target = result_.target;
    tandem::Tell(
        fmt::format("cloud: {} padded to {} layers of feed-forward {}, the same text at {:.1f} ms a step",
                    target.original, target.layers, target.ff, target.step_ms));
    tandem::Tell(fmt::format("edge: {}; link: {:g} ms round trip, {:g} mbit/s down, {:g} up; seed {}",
                             edge_.path, ToMs(result_.shape.rtt), result_.shape.rates.down_bps / 1e6,
                             result_.shape.rates.up_bps / 1e6, spec_.sampling.seed));
    if (color_) tandem::Tell(ColorLegend());
  }

  Status WriteIn(Mode mode) {
    bool shown = mode == Mode::kSpeculate && !json_;
    if (!shown) tandem::Tell(fmt::format("writing it in mode {} as well", ModeName(mode)));
    if (shown) fmt::print("\n{}", spec_.prompt);
    std::fflush(stdout);
    spec_.mode = mode;
    TextPrinter printer(*edge_.vocab, shown ? stdout : nullptr, color_);
    auto writing = Write(spec_, edge_, dial_, printer, cancel_);
    if (shown) fmt::print("\n\n");
    std::fflush(stdout);
    if (!writing) return Forward(writing);
    for (const std::string& note : writing->notes) tandem::Tell(note);
    if (writing->report.error) return tl::unexpected(*writing->report.error);
    result_.texts.push_back(std::move(writing->report));
    return {};
  }

  int Interrupted() {
    if (json_) PrintJson(ToJson(result_));  // what there is; identical is false
    return 128 + signals_.signal();
  }

  void Tell() {
    if (json_) return PrintJson(ToJson(result_));
    fmt::print("\n{}\n", DemoTable(result_));
    for (const std::string& line : DemoVerdict(result_)) fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  const Arguments& arguments_;
  bool json_, color_;
  std::atomic<bool> cancel_{false};
  SignalWatch signals_;
  WritingSpec spec_;
  DemoResult result_;
  CloudChild cloud_;
  EdgeModel edge_;
  Dialer dial_;
};

}  // namespace

int DemoVerb(const Arguments& arguments) {
  return Demo(arguments).Run();
}

}  // namespace tandem
