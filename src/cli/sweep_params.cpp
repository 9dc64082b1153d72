// See sweep_params.h.
#include "cli/sweep_params.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "codec/row_codec_spec.h"
#include "codec/row_importance.h"

namespace tandem {

namespace {

using Json = nlohmann::json;
constexpr size_t kMostEntries = 256;  // of a list
constexpr int kMaxLayer = 511;
constexpr int kInitialCut = 2;
constexpr double kMaxPlant = 1e6;

tl::unexpected<Error> Bad(std::string_view field, const Json& value, std::string_view wanted) {
  return Fail(ErrorCode::kUsage, "{} is {}, expected {}", field, Printable(value.dump()), wanted);
}

Status TakeList(std::string_view field, const Json& value, const std::function<Status(const Json&)>& take) {
  if (!value.is_array() || value.empty() || value.size() > kMostEntries)
    return Bad(field, value, fmt::format("a list of 1 to {}", kMostEntries));
  for (const Json& entry : value) {
    if (Status s = take(entry); !s) return s;
  }
  return {};
}

Result<Pos> Length(std::string_view field, const Json& value) {
  if (!value.is_number_integer() || value < 1 || value > (1 << 20))
    return Bad(field, value, "a whole number, 1 to 1048576");
  return value.get<Pos>();
}

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  Result<SweepParams> Read() {
    for (const auto& [field, value] : json_.items()) {
      if (Status s = Take(field, value); !s) return Forward(s);
    }
    if (initial_ && params_.methods.empty()) {
      params_.methods = std::move(entries_);
      params_.method_layers = std::move(entry_layers_);
      params_.layers = {kInitialCut};
    } else if (!entries_.empty() && params_.layers.size() != entries_.size()) {
      return Fail(ErrorCode::kUsage,
                  "layers_of_interest names an importance, which experiment \"initial\" does");
    }
    params_.method_layers.resize(params_.methods.size(), -1);
    if (std::any_of(params_.ratios.begin(), params_.ratios.end(), [](double r) { return r > 1; })) {
      for (double& ratio : params_.ratios) ratio /= 10;
    }
    if (params_.layers.empty())
      return Fail(ErrorCode::kUsage, "layers_of_interest names no layer to cut behind");
    if (params_.codecs.empty() && (params_.methods.empty() || params_.ratios.empty()))
      return Fail(ErrorCode::kUsage, "nothing to try: neither methods with ratios nor codecs are named");
    return std::move(params_);
  }

 private:
  Status Take(const std::string& field, const Json& value) {
    static const std::map<std::string_view, Status (Reader::*)(const Json&)> kFields = {
        {"ratios", &Reader::Ratios},        {"layers_of_interest", &Reader::Layers},
        {"methods", &Reader::Methods},      {"stride", &Reader::Stride},
        {"max_length", &Reader::MaxLength}, {"experiment", &Reader::Experiment},
        {"codecs", &Reader::Codecs},        {"plant", &Reader::Plant},
    };
    const auto known = kFields.find(field);
    if (known != kFields.end()) return (this->*known->second)(value);
    std::string names;
    for (const auto& [name, take] : kFields) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    return Fail(ErrorCode::kUsage, "unknown field '{}', there are {}", Printable(field), names);
  }

  Status Ratios(const Json& value) {
    return TakeList("ratios", value, [this](const Json& entry) -> Status {
      if (!entry.is_number() || entry < 0 || entry > 10) return Bad("a ratio", entry, "a number, 0 to 10");
      params_.ratios.push_back(entry.get<double>());
      return {};
    });
  }

  // Kept both as cuts and as importances: which they are, the experiment tells.
  Status Layers(const Json& value) {
    return TakeList("layers_of_interest", value, [this](const Json& entry) -> Status {
      if (entry.is_number_integer() && entry >= 0 && entry <= kMaxLayer) {
        params_.layers.push_back(entry.get<int>());
        entries_.push_back("regular_importance");
        entry_layers_.push_back(entry.get<int>());
        return {};
      }
      if (!entry.is_string()) return Bad("a layer", entry, "a whole number, 0 to 511");
      const auto spec = ParseImportance(entry.get<std::string>());
      if (!spec) return Forward(spec);
      entries_.push_back(NameOf(*spec));
      entry_layers_.push_back(-1);
      return {};
    });
  }

  Status Methods(const Json& value) {
    return TakeList("methods", value, [this](const Json& entry) -> Status {
      if (!entry.is_string()) return Bad("a method", entry, "a name");
      const auto name = entry.get<std::string>();
      if (TakeChannelCodec(name)) return {};
      const auto spec = ParseImportance(name);
      if (!spec) return Forward(spec);
      params_.methods.push_back(NameOf(*spec));
      return {};
    });
  }

  bool TakeChannelCodec(const std::string& name) {
    static const std::map<std::string_view, const char*> kCodecs = {{"channel_8", "int8/channel"},
                                                                    {"channel_4", "int4/channel"},
                                                                    {"channel_1_mean", "ternary/channel"},
                                                                    {"channel_1_max", "ternary/channel"}};
    const auto found = kCodecs.find(name);
    if (found == kCodecs.end()) return false;
    if (name == "channel_1_max")
      params_.warnings.push_back("channel_1_max has no codec of its own and counts as channel_1_mean");
    if (std::find(params_.codecs.begin(), params_.codecs.end(), found->second) == params_.codecs.end())
      params_.codecs.emplace_back(found->second);
    return true;
  }

  Status Codecs(const Json& value) {
    return TakeList("codecs", value, [this](const Json& entry) -> Status {
      if (!entry.is_string()) return Bad("a codec", entry, "a name");
      const auto spec = ParseRowCodec(entry.get<std::string>());
      if (!spec) return Forward(spec);
      params_.codecs.push_back(Name(*spec));
      return {};
    });
  }

  Status Stride(const Json& value) {
    const auto length = Length("stride", value);
    if (length) params_.stride = *length;
    return length ? Status{} : Forward(length);
  }

  Status MaxLength(const Json& value) {
    const auto length = Length("max_length", value);
    if (length) params_.max_length = *length;
    return length ? Status{} : Forward(length);
  }

  Status Experiment(const Json& value) {
    if (value != "last_row" && value != "initial")
      return Bad("experiment", value, "\"last_row\" or \"initial\"");
    initial_ = value == "initial";
    return {};
  }

  Status Plant(const Json& value) {
    if (!value.is_number() || value < 1 || value > kMaxPlant)
      return Bad("plant", value, "a number, 1 to 1000000");
    params_.plant = value.get<double>();
    return {};
  }

  const Json& json_;
  SweepParams params_;
  bool initial_ = false;
  std::vector<std::string> entries_;  // of layers_of_interest, as importances
  std::vector<int> entry_layers_;
};

// The points of one cut, the first row as it is or planted.
void AddCut(const SweepParams& params, int layer, double plant, std::vector<PointName>& points) {
  const int split = layer + 1;
  points.push_back({split, "f32", "", -1, 0, plant});
  bool all = false;  // what quantises every row needs no method
  for (size_t m = 0; m < params.methods.size(); ++m) {
    const int attention = params.method_layers[m] < 0 ? layer : params.method_layers[m];
    for (const double ratio : params.ratios) {
      if (ratio == 0 || (ratio == 1 && all)) continue;  // ratio 0 is f32
      all = all || ratio == 1;
      const RowCodecSpec spec{RowMix::kRatio,    RowFormat::kInt4, RowFormat::kF32, ratio, 0.0,
                              ScaleSpan::kTensor};
      points.push_back({split, Name(spec), params.methods[m], attention, ratio, plant});
    }
  }
  for (const std::string& codec : params.codecs) {
    const auto spec = ParseRowCodec(codec);
    const bool competes = spec && spec->mix != RowMix::kNone;
    const bool has_method = competes && !params.methods.empty();
    points.push_back({split, codec,
                      has_method ? params.methods[0]
                      : competes ? "random"
                                 : "",
                      layer, 1, plant});
  }
}

}  // namespace

Result<SweepParams> ParseSweepParams(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object())
    return Fail(ErrorCode::kFile, "it is no JSON object: {}", Printable(text.substr(0, 60)));
  return Reader(json).Read();
}

Result<std::vector<PointName>> SweepPoints(const SweepParams& params, int layers) {
  std::vector<PointName> points;
  for (const int layer : params.layers) {
    if (layer >= layers)
      return Fail(ErrorCode::kUsage, "layers_of_interest has layer {}, but the model's are 0 to {}", layer,
                  layers - 1);
    for (size_t m = 0; m < params.methods.size(); ++m) {
      if (params.method_layers[m] >= layers)
        return Fail(ErrorCode::kUsage, "layers_of_interest has layer {}, but the model's are 0 to {}",
                    params.method_layers[m], layers - 1);
    }
    AddCut(params, layer, 1.0, points);
    if (params.plant > 1) AddCut(params, layer, params.plant, points);
  }
  return points;
}

}  // namespace tandem
