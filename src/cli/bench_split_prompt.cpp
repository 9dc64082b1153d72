// See bench_split_prompt.h.
#include "cli/bench_split_prompt.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "cli/cloud_child.h"
#include "cli/contender.h"
#include "cli/model_path.h"
#include "cli/statistics.h"
#include "edge/dialer.h"
#include "model/random_model.h"

namespace tandem {

namespace {

namespace fs = std::filesystem;

constexpr int kLayers = 8;
constexpr int kWholePrompt = 448;  // rows of a step here that takes every prompt at once
static_assert(kWholePrompt % kBulkRows == 0 && kMostPromptTokens == kWholePrompt + 1);

struct Way {
  LinkShape link{};
  int chunk = kWholePrompt;
  std::vector<double> ms{}, edge_ms{}, bytes{};
};

class Bench {
 public:
  Bench(const SplitPromptOptions& options, const std::string& codec,
        const std::function<void(const std::string&)>& tell, const std::function<bool()>& stopped)
      : options_(options), codec_(codec), tell_(tell), stopped_(stopped) {}
  ~Bench() {
    std::error_code gone;
    fs::remove(path_, gone);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Result<SplitPrompt> Run() {
    if (Status s = Prepare(); !s) return Forward(s);
    Way chunks{.link = options_.link, .chunk = kBulkRows}, whole{.link = options_.link},
        delayed{.link = {.rtt = options_.link.rtt}}, near;
    for (int round = 0; round < options_.rounds; ++round) {
      tell_(fmt::format("prompt {} of {}", round + 1, options_.rounds));
      for (Way* way : {&chunks, &whole, &delayed, &near}) {
        if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
        if (Status s = WriteOne(round, *way); !s) return Forward(s);
      }
    }
    SplitPrompt prompt{.tokens = options_.tokens,
                       .bytes = Median(chunks.bytes),
                       .chunks_ms = Median(chunks.ms),
                       .whole_ms = Median(whole.ms),
                       .edge_ms = Median(near.edge_ms),
                       .delay_ms = Median(delayed.ms) - Median(near.ms)};
    const double rate = options_.link.rates.up_bps;
    prompt.line_ms = rate > 0 ? prompt.bytes * 8e3 / rate : 0;
    prompt.cloud_ms = Median(near.ms) - prompt.edge_ms;
    return prompt;
  }

 private:
  Status Prepare() {
    const auto like = FindModel("demo-target-q8_0.gguf");
    if (!like) return Forward(like);
    tell_("making a model of random weights for prompts");
    path_ = fmt::format("{}/tandem-bench-split-{}.gguf", fs::temp_directory_path().string(), getpid());
    RandomModelSpec spec;
    spec.like = *like;
    spec.layers = kLayers, spec.width = 896, spec.heads = 14, spec.kv_heads = 2, spec.ff = 4864;
    spec.context = kMostPromptTokens + kBulkRows;
    if (auto written = WriteRandomModel(spec, path_); !written) return Forward(written);
    const int last = AllThreads() - 1;  // the cloud's own core: the edge has the others
    return cloud_.Start({.model = path_, .threads = 1, .cores = {last}}, stopped_);
  }

  // Ids that differ from prompt to prompt; what they say does not matter.
  std::vector<Token> Prompt(int round, int32_t vocab) const {
    std::vector<Token> ids(static_cast<size_t>(options_.tokens));
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] =
          static_cast<Token>((i * 7919 + static_cast<size_t>(round) * 104729) % static_cast<size_t>(vocab));
    return ids;
  }

  Status WriteOne(int round, Way& way) {
    auto edge = LoadEdgeVocabulary(path_);
    if (!edge) return Forward(edge);
    auto split = LoadEdgeSplit(path_, {.begin = kLayers / 2, .codec = codec_, .chunk = way.chunk}, {});
    if (!split) return Forward(split);
    edge->split = std::move(*split);
    WritingSpec spec;
    spec.prompt = "ids";
    spec.ids = PromptIds{Prompt(round, edge->vocab->identity().size), {}};
    spec.max_tokens = 1;
    const auto dial = MakeDialer({cloud_.url(), "", way.link});
    if (!dial) return Forward(dial);
    const std::atomic<bool> never{false};
    const auto report = WriteAs({Mode::kSplit, 0}, std::move(spec), *edge, *dial, never);
    if (!report) return Forward(report);
    way.ms.push_back(report->TotalMs());
    way.edge_ms.push_back(ToMs(report->front_time));
    way.bytes.push_back(static_cast<double>(report->bytes.setup + report->bytes.up));
    return {};
  }

  const SplitPromptOptions& options_;
  const std::string& codec_;
  const std::function<void(const std::string&)>& tell_;
  const std::function<bool()>& stopped_;
  std::string path_;
  CloudChild cloud_;
};

}  // namespace

Result<SplitPrompt> MeasureSplitPrompt(const SplitPromptOptions& options, const std::string& codec,
                                       const std::function<void(const std::string&)>& tell,
                                       const std::function<bool()>& stopped) {
  return Bench(options, codec, tell, stopped).Run();
}

}  // namespace tandem
