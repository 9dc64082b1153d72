// tandem model random: random weights in a given shape.
#include "model/random_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

Result<RandomModelSpec> SpecOf(const Arguments& arguments) {
  RandomModelSpec spec;
  auto like = FindModel(arguments.Text("like"));
  if (!like) return Forward(like);
  spec.like = *like;
  spec.arch = arguments.Text("arch");
  struct Figure {
    std::string_view option;
    std::optional<int> RandomModelSpec::*member;
  };
  for (auto [option, member] :
       {Figure{"layers", &RandomModelSpec::layers}, Figure{"width", &RandomModelSpec::width},
        Figure{"heads", &RandomModelSpec::heads}, Figure{"kv-heads", &RandomModelSpec::kv_heads},
        Figure{"ff", &RandomModelSpec::ff}, Figure{"vocab", &RandomModelSpec::vocab},
        Figure{"ctx", &RandomModelSpec::context}}) {
    if (arguments.Given(option)) spec.*member = static_cast<int>(arguments.Integer(option));
  }
  auto type = ParseWeightType(arguments.Text("type"));
  if (!type) return Forward(type);
  spec.type = *type;
  spec.seed = arguments.Seed("seed");
  spec.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
  return spec;
}

}  // namespace

int ModelRandomVerb(const Arguments& arguments) {
  bool json = arguments.Switch("json");
  auto spec = SpecOf(arguments);
  if (!spec) return Report(spec.error(), json);
  std::string out = arguments.Text("output");
  auto report = WriteRandomModel(*spec, out);
  if (!report) return Report(report.error(), json);
  Tell(fmt::format("wrote {}: {} random weights (seed {}), {:.1f} MB of tensors, vocabulary {}", out,
                   report->parameters, spec->seed, static_cast<double>(report->bytes) / 1e6,
                   report->vocabulary));
  for (const std::string& note : report->notes) Tell(note);
  if (json) {
    PrintJson({{"output", out},
               {"parameters", report->parameters},
               {"bytes", report->bytes},
               {"seed", spec->seed},
               {"vocabulary", report->vocabulary},
               {"notes", report->notes}});
  }
  return 0;
}

}  // namespace tandem
