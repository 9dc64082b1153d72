// See cut_plan_file.h.
#include "cli/cut_plan_file.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/user_cache.h"
#include "cli/link_terms.h"
#include "cli/output.h"
#include "codec/row_codec_spec.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostBytes = 16 << 20;
constexpr int kDeepest = 8;  // a plan's JSON has 5 levels
constexpr size_t kMostCuts = 513, kMostCodecs = 64;
constexpr int kMostTokens = 1 << 20;
constexpr double kMostBps = 1e15;
constexpr double kMostUs = 1e12, kMostRowBytes = 1e9, kMostLoss = 1e9;

Json HalfJson(const HalfTimes& half) {
  return {{"row_us", Rounded(half.row_us, 1)},
          {"tail_us", Rounded(half.tail_us, 1)},
          {"block_us", Rounded(half.block_us, 1)}};
}

Json CodecJson(const CodecAtCut& codec) {
  return {{"codec", codec.codec},
          {"prompt_bytes", Rounded(codec.cost.prompt_bytes, 2)},
          {"row_bytes", Rounded(codec.cost.row_bytes, 2)},
          {"encode_us", codec.cost.encode_us},
          {"decode_us", codec.cost.decode_us},
          {"block_encode_us", codec.cost.block_encode_us},
          {"block_decode_us", codec.cost.block_decode_us},
          {"dppl", codec.dppl}};
}

// Reads fields and keeps the first thing that is wrong.
class Reader {
 public:
  double Number(const Json& object, const char* name, double least, double most) {
    const auto field = object.find(name);
    const bool good = field != object.end() && field->is_number();
    const double value = good ? field->get<double>() : 0;
    if (good && std::isfinite(value) && value >= least && value <= most) return value;
    Complain(fmt::format("{} is {}, expected a number from {:g} to {:g}", name,
                         field == object.end() ? "missing" : Printable(field->dump()), least, most));
    return least;
  }

  int Whole(const Json& object, const char* name, int most) {
    const double value = Number(object, name, 0, most);
    if (value != std::floor(value)) Complain(fmt::format("{} is {}, expected a whole number", name, value));
    return static_cast<int>(value);
  }

  std::string Text(const Json& object, const char* name) {
    const auto field = object.find(name);
    if (field != object.end() && field->is_string()) return field->get<std::string>();
    Complain(fmt::format("{} is missing or no text", name));
    return {};
  }

  const Json& List(const Json& object, const char* name, size_t most) {
    static const Json kEmpty = Json::array();
    const auto field = object.find(name);
    if (field == object.end() || !field->is_array() || field->empty() || field->size() > most) {
      Complain(fmt::format("{} is no list of 1 to {}", name, most));
      return kEmpty;
    }
    for (const Json& entry : *field) {
      if (entry.is_object()) continue;
      Complain(fmt::format("{} has an entry that is no object", name));
      return kEmpty;
    }
    return *field;
  }

  Json Object(const Json& object, const char* name) {
    const auto field = object.find(name);
    if (field != object.end() && field->is_object()) return *field;
    Complain(fmt::format("{} is missing or no object", name));
    return Json::object();
  }

  void Complain(std::string what) {
    if (!wrong_) wrong_ = std::move(what);
  }
  const std::optional<std::string>& wrong() const { return wrong_; }

 private:
  std::optional<std::string> wrong_;
};

HalfTimes ReadHalf(Reader& read, const Json& cut, const char* side) {
  const Json half = read.Object(cut, side);
  if (half.empty()) return {};
  return {.row_us = read.Number(half, "row_us", 0, kMostUs),
          .tail_us = read.Number(half, "tail_us", 0, kMostUs),
          .block_us = read.Number(half, "block_us", 0, kMostUs)};
}

CodecAtCut ReadCodec(Reader& read, const Json& entry) {
  CodecAtCut codec;
  codec.codec = read.Text(entry, "codec");
  if (const auto spec = ParseRowCodec(codec.codec); !spec) read.Complain(spec.error().message);
  codec.cost = {.prompt_bytes = read.Number(entry, "prompt_bytes", 0, kMostRowBytes),
                .row_bytes = read.Number(entry, "row_bytes", 0, kMostRowBytes),
                .encode_us = read.Number(entry, "encode_us", 0, kMostUs),
                .decode_us = read.Number(entry, "decode_us", 0, kMostUs),
                .block_encode_us = read.Number(entry, "block_encode_us", 0, kMostUs),
                .block_decode_us = read.Number(entry, "block_decode_us", 0, kMostUs)};
  codec.dppl = read.Number(entry, "dppl", -1, kMostLoss);
  return codec;
}

PlannedCut ReadCut(Reader& read, const Json& entry, int layers) {
  PlannedCut cut;
  cut.times.begin = read.Whole(entry, "begin", layers);
  cut.times.edge = ReadHalf(read, entry, "edge");
  cut.times.cloud = ReadHalf(read, entry, "cloud");
  for (const Json& codec : read.List(entry, "codecs", kMostCodecs))
    cut.codecs.push_back(ReadCodec(read, codec));
  return cut;
}

CutTerms ReadTerms(Reader& read, const Json& json) {
  CutTerms terms;
  terms.max_dppl = read.Number(json, "max_dppl", 0, kMostLoss);
  terms.text = {.prompt = std::max(1, read.Whole(json, "prompt_tokens", kMostTokens)),
                .tokens = std::max(1, read.Whole(json, "predict", kMostTokens))};
  if (const Json link = read.Object(json, "link"); !link.empty())
    terms.link = {.rtt_us = 1000 * read.Number(link, "rtt_ms", 0, kMostUs),
                  .up_bytes_per_us = read.Number(link, "up_bps", 0, kMostBps) / kBitsPerByteUs,
                  .down_bytes_per_us = read.Number(link, "down_bps", 0, kMostBps) / kBitsPerByteUs};
  return terms;
}

}  // namespace

Json CutsJson(const CutPlan& plan) {
  Json cuts = Json::array();
  for (const PlannedCut& cut : plan.cuts) {
    Json codecs = Json::array();
    for (const CodecAtCut& codec : cut.codecs) codecs.push_back(CodecJson(codec));
    cuts.push_back({{"begin", cut.times.begin},
                    {"edge", HalfJson(cut.times.edge)},
                    {"cloud", HalfJson(cut.times.cloud)},
                    {"codecs", std::move(codecs)}});
  }
  return cuts;
}

Result<KeptPlan> ParseKeptPlan(std::string_view text) {
  // Copies and dumps recurse, so nothing deep is let in.
  bool deep = false;
  const auto shallow = [&deep](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > kDeepest;
    return depth <= kDeepest;
  };
  const Json json = Json::parse(text, shallow, false);
  if (deep) return Fail(ErrorCode::kFile, "not a plan: nested past {} levels", kDeepest);
  if (!json.is_object()) return Fail(ErrorCode::kFile, "not a plan: no JSON object");
  Reader read;
  KeptPlan kept;
  kept.identity = read.Text(json, "identity");
  kept.terms = ReadTerms(read, json);
  kept.plan.layers = read.Whole(json, "layers", static_cast<int>(kMostCuts) - 1);
  for (const Json& entry : read.List(json, "cuts", kMostCuts)) {
    PlannedCut cut = ReadCut(read, entry, kept.plan.layers);
    if (!kept.plan.cuts.empty() && kept.plan.cuts.back().times.begin >= cut.times.begin)
      read.Complain(
          fmt::format("cut {} comes behind cut {}", cut.times.begin, kept.plan.cuts.back().times.begin));
    kept.plan.cuts.push_back(std::move(cut));
  }
  if (read.wrong()) return Fail(ErrorCode::kFile, "not a plan: {}", *read.wrong());
  return kept;
}

Result<KeptPlan> ReadKeptPlan(const std::string& path) {
  const auto bytes = ReadWhole(path, kMostBytes);
  if (!bytes)
    return Fail(ErrorCode::kFile, "cannot read {}, or it is longer than {} bytes", path, kMostBytes);
  auto kept = ParseKeptPlan({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  if (!kept) return Fail(kept.error().code, "{}: {}", path, kept.error().message);
  return kept;
}

}  // namespace tandem
