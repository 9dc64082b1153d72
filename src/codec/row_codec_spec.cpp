// See row_codec_spec.h.
#include "codec/row_codec_spec.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace tandem {
namespace {

std::vector<std::string_view> Split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (size_t end = text.find(mark); end != text.npos; end = text.find(mark)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

template <class Number>
std::optional<Number> NumberFrom(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A name can come from a peer or a file: sentences repeat only its beginning.
std::string_view Shown(std::string_view text) {
  return text.substr(0, 60);
}

Status ParseFormat(std::string_view word, RowFormat& format) {
  const std::optional<RowFormat> known = FormatFrom(word);
  if (!known) return Fail(ErrorCode::kUsage, "'{}' is no format of rows (f32, f16, int4, ..)", Shown(word));
  format = *known;
  return {};
}

Status ParseRatio(const std::vector<std::string_view>& parts, RowCodecSpec& spec) {
  spec.mix = RowMix::kRatio;
  if (parts.size() != 4) {
    return Fail(ErrorCode::kUsage, "a mix is mix:LOW:HIGH:SHARE, not {} parts", parts.size());
  }
  if (Status s = ParseFormat(parts[1], spec.format); !s) return s;
  if (Status s = ParseFormat(parts[2], spec.high); !s) return s;
  const std::optional<double> share = NumberFrom<double>(parts[3]);
  if (!share) return Fail(ErrorCode::kUsage, "the share of a mix is '{}', no number", Shown(parts[3]));
  spec.share = *share;
  return {};
}

Status ParseHead(std::string_view head, RowCodecSpec& spec) {
  const std::vector<std::string_view> parts = Split(head, ':');
  if (parts[0] == "mix") return ParseRatio(parts, spec);
  if (parts[0] != "water") return ParseFormat(head, spec.format);
  const std::optional<double> bits = NumberFrom<double>(parts.back());
  if (parts.size() != 2 || !bits) {
    return Fail(ErrorCode::kUsage, "'{}' is not water:BITS with a number", Shown(head));
  }
  spec.mix = RowMix::kWater;
  spec.mean_bits = *bits;
  return {};
}

enum class Word { kScale, kStep, kAsym, kRot, kSink, kZstd, kUnknown };

// The figure of "sink:64x".
std::optional<double> FactorOf(std::string_view word) {
  const size_t colon = word.find(':');
  if (colon == word.npos || word.size() < colon + 3 || word.back() != 'x') return std::nullopt;
  return NumberFrom<double>(word.substr(colon + 1, word.size() - colon - 2));
}

Word ParseStep(std::string_view word, RowCodecSpec& spec) {
  const std::optional<double> factor = FactorOf(word);
  if (!factor) return Word::kUnknown;
  spec.step = *factor;
  return Word::kStep;
}

Word ParseSink(std::string_view word, RowCodecSpec& spec) {
  spec.sinks = SinkRule::kThreshold;
  if (word == "sink") return Word::kSink;
  const std::optional<double> factor = FactorOf(word);
  if (!factor) return Word::kUnknown;
  spec.sinks = SinkRule::kMedian;
  spec.sink_factor = *factor;
  return Word::kSink;
}

Word ParseScale(std::string_view word, RowCodecSpec& spec) {
  if (word == "token") return spec.span = ScaleSpan::kToken, Word::kScale;
  if (word == "channel") return spec.span = ScaleSpan::kChannel, Word::kScale;
  if (word == "tensor") return spec.span = ScaleSpan::kTensor, Word::kScale;
  const std::optional<int32_t> group =
      word.starts_with('g') ? NumberFrom<int32_t>(word.substr(1)) : std::nullopt;
  if (!group) return Word::kUnknown;
  spec.span = ScaleSpan::kGroup;
  spec.group = *group;
  return Word::kScale;
}

Word ParseWord(std::string_view word, RowCodecSpec& spec) {
  if (word == "asym") return spec.asymmetric = true, Word::kAsym;
  if (word == "rot") return spec.rotate = true, Word::kRot;
  if (word == "zstd") return spec.zstd = true, Word::kZstd;
  if (word.starts_with("step:")) return ParseStep(word, spec);
  if (word == "sink" || word.starts_with("sink:")) return ParseSink(word, spec);
  return ParseScale(word, spec);
}

bool HasScales(const RowCodecSpec& spec) {
  return spec.mix != RowMix::kNone || IsScaled(spec.format);
}

Status CheckMix(const RowCodecSpec& spec) {
  if (spec.mix == RowMix::kWater &&
      !(spec.mean_bits >= kLeastWaterBits && spec.mean_bits <= kMostWaterBits)) {
    return Fail(ErrorCode::kUsage, "water:{} is outside {}..{} bits a value", spec.mean_bits, kLeastWaterBits,
                kMostWaterBits);
  }
  if (spec.mix != RowMix::kRatio) return {};
  if (!IsScaled(spec.format)) {
    return Fail(ErrorCode::kUsage, "the low format of a mix is an integer one, not {}",
                FormatName(spec.format));
  }
  if (FormatBits(spec.high) <= FormatBits(spec.format)) {
    return Fail(ErrorCode::kUsage, "a mix of {} and {} has its higher format second", FormatName(spec.format),
                FormatName(spec.high));
  }
  if (spec.share >= 0.0 && spec.share <= 1.0) return {};
  return Fail(ErrorCode::kUsage, "a share of {} of the rows is outside 0..1", spec.share);
}

Status CheckScales(const RowCodecSpec& spec) {
  if (spec.span == ScaleSpan::kGroup && (spec.group < 1 || spec.group > kMaxRowWidth)) {
    return Fail(ErrorCode::kUsage, "groups of {} values are outside 1..{}", spec.group, kMaxRowWidth);
  }
  if (!(spec.step >= kLeastStep && spec.step <= kMostStep)) {
    return Fail(ErrorCode::kUsage, "steps {} times as large are outside {}..{}", spec.step, kLeastStep,
                kMostStep);
  }
  if (spec.step > 1.0 && spec.span != ScaleSpan::kToken && spec.span != ScaleSpan::kGroup) {
    return Fail(ErrorCode::kUsage, "step:{}x belongs to scales by token or group", spec.step);
  }
  if (spec.asymmetric && spec.mix != RowMix::kWater && spec.format == RowFormat::kTernary) {
    return Fail(ErrorCode::kUsage, "ternary rows have no zero point: leave asym away");
  }
  if (spec.sinks == SinkRule::kMedian && !(spec.sink_factor > 0.0 && spec.sink_factor <= 1e9)) {
    return Fail(ErrorCode::kUsage, "sinks past {} medians are outside 0..1e9", spec.sink_factor);
  }
  return {};
}

std::vector<RowFormat> FormatsOfMix(const RowCodecSpec& spec) {
  if (spec.mix == RowMix::kNone) return {spec.format};
  if (spec.mix == RowMix::kRatio) return {spec.format, spec.high};
  return {RowFormat::kInt2, RowFormat::kInt3, RowFormat::kInt4,
          RowFormat::kInt5, RowFormat::kInt6, RowFormat::kInt8};
}

std::string HeadName(const RowCodecSpec& spec) {
  if (spec.mix == RowMix::kWater) return fmt::format("water:{}", spec.mean_bits);
  if (spec.mix == RowMix::kNone) return std::string(FormatName(spec.format));
  return fmt::format("mix:{}:{}:{}", FormatName(spec.format), FormatName(spec.high), spec.share);
}

std::string SpanName(const RowCodecSpec& spec) {
  switch (spec.span) {
    case ScaleSpan::kToken:
      return "/token";
    case ScaleSpan::kGroup:
      return fmt::format("/g{}", spec.group);
    case ScaleSpan::kChannel:
      return "/channel";
    default:
      return "/tensor";
  }
}

std::string SinkName(const RowCodecSpec& spec) {
  if (spec.sinks == SinkRule::kNone) return "";
  return spec.sinks == SinkRule::kThreshold ? "/sink" : fmt::format("/sink:{}x", spec.sink_factor);
}

}  // namespace

Result<RowCodecSpec> ParseRowCodec(std::string_view name) {
  const std::vector<std::string_view> words = Split(name, '/');
  RowCodecSpec spec;
  if (Status s = ParseHead(words[0], spec); !s) return Forward(s);
  bool seen[static_cast<size_t>(Word::kUnknown)] = {};
  for (size_t i = 1; i < words.size(); ++i) {
    const Word word = ParseWord(words[i], spec);
    if (word == Word::kUnknown) {
      return Fail(
          ErrorCode::kUsage,
          "'{}' in a row codec is none of token, gN, channel, tensor, step:Fx, asym, rot, sink, sink:Fx, "
          "zstd",
          Shown(words[i]));
    }
    if (std::exchange(seen[static_cast<size_t>(word)], true)) {
      return Fail(ErrorCode::kUsage, "'{}' in row codec '{}' says again what was said", Shown(words[i]),
                  Shown(name));
    }
    if (!HasScales(spec) && word != Word::kZstd) {
      return Fail(ErrorCode::kUsage, "{} rows are not quantised: '{}' says nothing", FormatName(spec.format),
                  Shown(words[i]));
    }
  }
  if (Status s = Check(spec); !s) return Forward(s);
  return spec;
}

std::string Name(const RowCodecSpec& spec) {
  std::string name = HeadName(spec);
  if (HasScales(spec)) name += SpanName(spec);
  if (spec.step != 1.0) name += fmt::format("/step:{}x", spec.step);
  if (spec.asymmetric) name += "/asym";
  if (spec.rotate) name += "/rot";
  name += SinkName(spec);
  if (spec.zstd) name += "/zstd";
  return name;
}

Status Check(const RowCodecSpec& spec) {
  if (Status s = CheckMix(spec); !s) return s;
  if (Status s = CheckScales(spec); !s) return s;
  const bool quantises = spec.span != ScaleSpan::kToken || spec.asymmetric || spec.rotate ||
                         spec.sinks != SinkRule::kNone || spec.step != 1.0;
  if (HasScales(spec) || !quantises) return {};
  return Fail(ErrorCode::kUsage, "{} rows are not quantised: no scales, rotation or sinks",
              FormatName(spec.format));
}

bool IsRowLocal(const RowCodecSpec& spec) {
  return spec.mix == RowMix::kNone && spec.span != ScaleSpan::kTensor && spec.sinks != SinkRule::kMedian;
}

std::vector<RowFormat> RowFormats(const RowCodecSpec& spec) {
  std::vector<RowFormat> formats = FormatsOfMix(spec);
  const bool has_half = std::find(formats.begin(), formats.end(), RowFormat::kF16) != formats.end();
  if (spec.sinks != SinkRule::kNone && !has_half) formats.push_back(RowFormat::kF16);
  return formats;
}

}  // namespace tandem
