// See perplexity_request.h.
#include "cli/perplexity_request.h"

#include <algorithm>
#include <thread>

#include "base/user_cache.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/sweep_params.h"
#include "codec/row_codec_spec.h"
#include "model/gguf_file.h"
#include "model/hparams.h"

namespace tandem {

namespace {

constexpr Pos kUsualContext = 512;
constexpr size_t kMostParams = 1 << 20;

int Threads(const Arguments& arguments) {
  if (arguments.Given("threads")) return static_cast<int>(arguments.Integer("threads"));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Read before anything is loaded.
Result<Hparams> ShapeOf(const std::string& model) {
  const auto file = OpenGguf(model);
  if (!file) return Forward(file);
  const auto hparams = CheckModel(file->header());
  if (!hparams) return Fail(hparams.error().code, "{}: {}", model, hparams.error().message);
  return *hparams;
}

Result<WindowPlan> PlanOf(const Arguments& arguments, const std::string& model, Pos trained) {
  WindowPlan plan;
  plan.context =
      arguments.Given("ctx") ? static_cast<Pos>(arguments.Integer("ctx")) : std::min(kUsualContext, trained);
  if (plan.context > trained)
    return Fail(ErrorCode::kContext, "--ctx is {}, but {} has a context of {}", plan.context, model, trained);
  plan.form = arguments.Text("form") == "chunks" ? WindowForm::kChunks : WindowForm::kHf;
  plan.weight = arguments.Text("weight") == "exact" ? VoteWeight::kExact : VoteWeight::kHf;
  if (arguments.Given("stride") && arguments.Integer("stride") > plan.context)
    return Fail(ErrorCode::kUsage, "--stride is {}, longer than a window of {}", arguments.Integer("stride"),
                plan.context);
  plan.stride = std::min(static_cast<Pos>(arguments.Integer("stride")), plan.context);
  plan.most = static_cast<size_t>(arguments.Integer("max-windows"));
  return plan;
}

// All but points; `shape` is the model's.
Result<PerplexityRequest> WithoutPoints(const Arguments& arguments, Hparams& shape) {
  PerplexityRequest request;
  auto model = FindModel(arguments.Text("model"));
  if (!model) return Forward(model);
  request.model = std::move(*model);
  auto read = ShapeOf(request.model);
  if (!read) return Forward(read);
  shape = std::move(*read);
  auto plan = PlanOf(arguments, request.model, shape.context);
  if (!plan) return Forward(plan);
  request.plan = *plan;
  request.file = arguments.Text("file");
  request.threads = Threads(arguments);
  request.device = arguments.Text("device");
  request.partial = arguments.Text("partial");
  return request;
}

// What the file says of windows counts where the command line is silent.
Status TakeWindows(const Arguments& arguments, const SweepParams& params, Pos trained, WindowPlan& plan) {
  if (params.max_length && !arguments.Given("ctx")) {
    if (*params.max_length < 2)
      return Fail(ErrorCode::kUsage, "max_length is {}, which scores nothing", *params.max_length);
    if (*params.max_length > trained)
      Tell(
          fmt::format("max_length is {}, clipped to the model's context of {}", *params.max_length, trained));
    plan.context = std::min(*params.max_length, trained);
  } else if (!params.max_length && !arguments.Given("ctx")) {
    plan.context = trained;  // as system 1 does for models without one
  }
  if (params.stride && !arguments.Given("stride")) {
    if (*params.stride > plan.context)
      return Fail(ErrorCode::kUsage, "stride is {}, longer than a window of {}", *params.stride,
                  plan.context);
    plan.stride = *params.stride;
  }
  return {};
}

}  // namespace

Result<PerplexityRequest> RequestOf(const Arguments& arguments) {
  const bool split = arguments.Given("split");
  if (!split && arguments.Given("codec"))
    return Fail(ErrorCode::kUsage, "--codec needs --split: where to cut");
  const auto spec = ParseRowCodec(arguments.Text("codec"));
  if (!spec) return Forward(spec);
  Hparams shape;
  auto request = WithoutPoints(arguments, shape);
  if (request && split)
    request->points.push_back({static_cast<int>(arguments.Integer("split")), Name(*spec)});
  return request;
}

Result<SweepRequest> SweepRequestOf(const Arguments& arguments) {
  for (const char* other : {"split", "codec", "partial", "json-out", "svg"}) {
    if (arguments.Given(other))
      return Fail(ErrorCode::kUsage, "--{} does not go with --sweep, whose params and folder say it", other);
  }
  const std::string path = arguments.Text("sweep");
  const auto bytes = ReadWhole(path, kMostParams);
  if (!bytes)
    return Fail(ErrorCode::kFile, "cannot read {}, or it is longer than {} bytes", path, kMostParams);
  SweepRequest sweep{{bytes->begin(), bytes->end()}, {}};
  const auto params = ParseSweepParams(sweep.params);
  if (!params) return Fail(params.error().code, "{}: {}", path, params.error().message);
  for (const std::string& warning : params->warnings) Tell(warning);
  Hparams shape;
  auto request = WithoutPoints(arguments, shape);
  if (!request) return Forward(request);
  sweep.request = std::move(*request);
  sweep.request.facts = true;
  if (Status s = TakeWindows(arguments, *params, shape.context, sweep.request.plan); !s) return Forward(s);
  auto points = SweepPoints(*params, shape.layers);
  if (!points) return Fail(points.error().code, "{}: {}", path, points.error().message);
  sweep.request.points = std::move(*points);
  return sweep;
}

}  // namespace tandem
