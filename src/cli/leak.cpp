// tandem leak: how many tokens of a text the rows at a cut give away.
#include "lab/leak.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/evaluation_text.h"
#include "cli/interruptible.h"
#include "cli/leak_report.h"
#include "cli/model_path.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "model/vocab.h"

namespace tandem {

namespace {

int Threads(const Arguments& arguments) {
  if (arguments.Given("threads")) return static_cast<int>(arguments.Integer("threads"));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

LeakPlan PlanOf(const Arguments& arguments) {
  const auto size = [&](std::string_view name) { return static_cast<size_t>(arguments.Integer(name)); };
  LeakPlan plan;
  plan.known = size("known");
  plan.prompts = size("count");
  plan.prompt_tokens = size("prompt-tokens");
  plan.generated = size("predict");
  plan.candidates = size("candidates");
  plan.sampling.seed = arguments.Seed("seed");
  plan.sampling.temperature = static_cast<float>(arguments.Number("temp"));
  return plan;
}

Result<LeakText> TextOf(const std::string& file, const std::string& model) {
  const auto bytes = ReadText(file);
  if (!bytes) return Forward(bytes);
  const auto vocab = Vocab::Load(model);
  if (!vocab) return Forward(vocab);
  auto tokens = (*vocab)->Tokenize(*bytes, false, false);
  if (!tokens) return Forward(tokens);
  const Token first = (*vocab)->adds_bos() ? (*vocab)->bos() : kNoToken;
  return LeakText{std::move(*tokens), first, (*vocab)->end_tokens()};
}

class Measurement {
 public:
  explicit Measurement(const Arguments& arguments) : arguments_(arguments) {}

  Result<MeasuredLeak> operator()(const std::function<bool()>& stopped) const {
    const auto spec = ParseRowCodec(arguments_.Text("codec"));
    if (!spec) return Forward(spec);
    const auto path = FindModel(arguments_.Text("model"));
    if (!path) return Forward(path);
    MeasuredLeak leak;
    leak.model = *path;
    leak.file = arguments_.Text("file");
    leak.codec = Name(*spec);
    leak.split = static_cast<int>(arguments_.Integer("split"));
    leak.plan = PlanOf(arguments_);
    const auto text = TextOf(leak.file, *path);
    if (!text) return Forward(text);
    ModelAtCutOptions options;
    options.threads = Threads(arguments_);
    options.candidates = static_cast<int>(std::min(kLeakStep, leak.plan.candidates));
    options.device = arguments_.Text("device");
    const auto model = ModelAtCut::Load(*path, leak.split, options);
    if (!model) return Forward(model);
    leak.layers = (*model)->shape().layers;
    Progress progress(stderr, LeakSteps(leak.plan));
    auto report = MeasureLeak(**model, *spec, *text, leak.plan, [&] {
      progress.Step();
      return !stopped();
    });
    if (!report) return Forward(report);
    leak.report = std::move(*report);
    return leak;
  }

 private:
  const Arguments& arguments_;
};

}  // namespace

int LeakVerb(const Arguments& arguments) {
  return MeasureAndPrint(
      arguments.Switch("json"), Measurement(arguments), [](const MeasuredLeak& leak) { return ToJson(leak); },
      [](const MeasuredLeak& leak) { fmt::print("{}", ReportText(leak)); });
}

}  // namespace tandem
