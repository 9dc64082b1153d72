// See edge_split.h.
#include "edge/edge_split.h"

#include <algorithm>

#include "model/model_facts.h"

namespace tandem {

namespace {

Status Check(const SplitPlan& plan, int layers) {
  if (plan.begin > layers)
    return Fail(ErrorCode::kUsage, "a cut before layer {} of a model that has {}", plan.begin, layers);
  if (!plan.end || (plan.begin < *plan.end && *plan.end < layers)) return {};
  return Fail(ErrorCode::kUsage,
              "layers {} to {} of a model that has {} for the cloud: it needs one, and the head here another",
              plan.begin, *plan.end, layers);
}

// Null where the file knows nothing of that cut.
const RowStatistics* At(const std::vector<RowStatistics>& known, int cut) {
  const auto at =
      std::find_if(known.begin(), known.end(), [cut](const RowStatistics& rows) { return rows.cut == cut; });
  return at == known.end() ? nullptr : &*at;
}

// What the codec has to know beforehand of the rows at a cut. Without figures a threshold for sinks is none.
Result<RowCalibration> CalibrationOf(const RowCodecSpec& spec, const std::vector<RowStatistics>& known,
                                     int cut) {
  const bool channels = spec.span == ScaleSpan::kChannel, sinks = spec.sinks == SinkRule::kThreshold;
  RowCalibration calibration;
  const RowStatistics* at = At(known, cut);
  if (at == nullptr) {
    if (!channels) return calibration;
    return Fail(
        ErrorCode::kUsage,
        "codec {} needs a calibration of the rows before layer {}, which this file has not: cut a part "
        "with `tandem model cut --calibrate TEXT`",
        Name(spec), cut);
  }
  if (sinks) calibration.sink_threshold = at->sink_threshold;
  if (!channels) return calibration;
  const ChannelStatistics& of = at->channels[RowStatistics::Kind(spec.rotate, spec.sinks != SinkRule::kNone)];
  calibration.mean_magnitudes = of.mean_magnitude;
  for (size_t i = 0; i < of.low.size(); ++i) calibration.channels.push_back({of.low[i], of.high[i]});
  return calibration;
}

// With what the cloud has to be told of it.
struct CutCodec {
  RowCodec codec;
  RowCalibration calibration;
};

Result<CutCodec> CodecOf(const std::string& name, const ModelFacts& facts, int cut) {
  const auto spec = ParseRowCodec(name);
  if (!spec) return Forward(spec);
  auto calibration = CalibrationOf(*spec, facts.rows, cut);
  if (!calibration) return Forward(calibration);
  auto codec = RowCodec::Make(*spec, static_cast<size_t>(facts.width), *calibration);
  if (!codec) return Forward(codec);
  return CutCodec{std::move(*codec), std::move(*calibration)};
}

// Of a prompt's rows on their way out; nullopt where they do not compete, or none of them leaves.
Result<std::optional<ChunkImportance>> ImportanceOf(const SplitPlan& plan, const RowCodecSpec& codec,
                                                    const ModelFacts& facts) {
  const bool named = !plan.importance.empty();
  if (codec.mix == RowMix::kNone && named)
    return Fail(ErrorCode::kUsage,
                "importance '{}' with codec {}, whose rows do not compete: it is for mix and water",
                plan.importance, plan.codec);
  if (codec.mix == RowMix::kNone || (codec.mix == RowMix::kWater && !named)) return std::nullopt;
  const auto spec = ParseImportance(named ? plan.importance : "regular_importance");
  if (!spec) return Forward(spec);
  if (spec->choice == RowChoice::kMass && codec.mix != RowMix::kRatio)
    return Fail(ErrorCode::kUsage,
                "importance '{}' says which share of a mix to code coarsely, and codec {} is none",
                plan.importance, plan.codec);
  if (plan.begin == 0 && spec->NeedsAttention())
    return Fail(ErrorCode::kUsage,
                "importance '{}' is told from attention, and with the cut before layer 0 there is none here: "
                "'random' needs none",
                NameOf(*spec));
  if (plan.begin == facts.layers) return std::nullopt;
  if (spec->method != ImportanceMethod::kWeighted) return ChunkImportance(*spec, plan.begin);
  const RowStatistics* at = At(facts.rows, plan.begin);
  if (at == nullptr || at->head_weights.empty())
    return Fail(
        ErrorCode::kUsage,
        "importance '{}' needs the relevance of layer {}'s heads, which this file has not: cut a part with "
        "`tandem model cut --calibrate TEXT --heads`",
        NameOf(*spec), plan.begin - 1);
  return ChunkImportance(*spec, plan.begin, at->head_weights);
}

Result<std::unique_ptr<Engine>> LoadStages(const std::string& path, StageRange stages, int chunk,
                                           LoadEngineOptions options) {
  options.stages = stages;
  // A step: the next station begins with the first rows while the next are computed here.
  options.max_rows = chunk;
  return LoadEngine(path, options);
}

// The last layers and the head.
Status LoadBack(const std::string& path, const ModelFacts& facts, const SplitPlan& plan,
                const LoadEngineOptions& options, EdgeSplit& split) {
  auto rows = CodecOf(plan.codec_back, facts, *plan.end);
  if (!rows) return Forward(rows);
  if (rows->codec.spec().mix == RowMix::kRatio)
    return Fail(
        ErrorCode::kUsage,
        "codec {} for the rows back needs their importance, and the cloud measures none: name another "
        "for that way",
        plan.codec_back);
  auto engine = LoadStages(path, {*plan.end + 1, facts.layers + 2}, kBulkRows, options);
  if (!engine) return Forward(engine);
  split.cut.codec_back = Name(rows->codec.spec());
  split.cut.calibration_back = std::move(rows->calibration);
  split.back_engine = std::move(*engine);
  split.back = std::make_unique<SplitBack>(*split.back_engine, std::move(rows->codec));
  return {};
}

}  // namespace

Status CheckEdgeSplit(const std::string& path, const SplitPlan& plan) {
  const auto facts = FactsOf(path);
  if (!facts) return Forward(facts);
  if (Status s = Check(plan, facts->layers); !s) return s;
  const auto rows = CodecOf(plan.codec, *facts, plan.begin);
  if (!rows) return Forward(rows);
  const auto importance = ImportanceOf(plan, rows->codec.spec(), *facts);
  return importance ? Status() : Forward(importance);
}

Result<EdgeSplit> LoadEdgeSplit(const std::string& path, const SplitPlan& plan,
                                const LoadEngineOptions& options) {
  const auto facts = FactsOf(path);
  if (!facts) return Forward(facts);
  if (Status s = Check(plan, facts->layers); !s) return Forward(s);
  auto rows = CodecOf(plan.codec, *facts, plan.begin);
  if (!rows) return Forward(rows);
  auto importance = ImportanceOf(plan, rows->codec.spec(), *facts);
  if (!importance) return Forward(importance);
  auto engine = LoadStages(path, {0, plan.begin + 1}, plan.chunk, options);
  if (!engine) return Forward(engine);
  EdgeSplit split;
  split.engine = std::move(*engine);
  split.cut = {.begin = plan.begin,
               .end = plan.end.value_or(facts->layers),
               .identity = facts->identity,
               .codec = Name(rows->codec.spec()),
               .calibration = std::move(rows->calibration)};
  split.front = std::make_unique<SplitFront>(*split.engine, std::move(rows->codec), plan.begin, facts->layers,
                                             std::move(*importance));
  if (!plan.end) return split;
  if (Status s = LoadBack(path, *facts, plan, options, split); !s) return Forward(s);
  return split;
}

}  // namespace tandem
