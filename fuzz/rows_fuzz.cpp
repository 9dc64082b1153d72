// Any bytes as a message of rows of any codec, and as rows. The first byte chooses the codec, the second the
// width. Decoding gives 1..kRows finite rows or a sentence; and the same bytes taken as floats are encoded,
// or refused, and what is encoded decodes to as many rows.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "codec/row_codec.h"

namespace {

constexpr std::string_view kCodecs[] = {"f32",
                                        "f16",
                                        "bf16/zstd",
                                        "int8/token",
                                        "int4/g8/rot/sink/zstd",
                                        "int6/g2/asym",
                                        "int5/tensor",
                                        "int4/tensor/asym",
                                        "int3/token/asym/rot",
                                        "int2/g4",
                                        "ternary/token",
                                        "ternary/tensor/rot",
                                        "int4/channel",
                                        "int3/channel/asym/sink:3x",
                                        "mix:int4:int8:0.75/token/sink",
                                        "mix:ternary:f32:0.5/tensor",
                                        "mix:int2:f16:0.5/g8/asym/rot/sink:2x",
                                        "water:3.5/g8/rot/sink",
                                        "water:4.25/tensor/asym/zstd",
                                        "int8/token/zstd"};
constexpr size_t kWidths[] = {8, 16, 24, 72};
constexpr size_t kRows = 64;

tandem::RowCodec CodecFrom(uint8_t codec, uint8_t width) {
  const size_t values = kWidths[width % std::size(kWidths)];
  tandem::RowCalibration calibration{.channels = std::vector<tandem::ValueRange>(values, {-1.5f, 2.0f}),
                                     .mean_magnitudes = std::vector<float>(values, 0.5f),
                                     .sink_threshold = 100.0f};
  const auto spec = tandem::ParseRowCodec(kCodecs[codec % std::size(kCodecs)]);
  return tandem::RowCodec::Make(spec.value(), values, calibration).value();
}

void DecodeAny(const tandem::RowCodec& codec, tandem::ByteView message) {
  const tandem::Result<std::vector<float>> rows = codec.Decode(message, kRows);
  if (!rows) {
    if (rows.error().code != tandem::ErrorCode::kProtocol || rows.error().message.empty()) std::abort();
    return;
  }
  if (rows->empty() || rows->size() > kRows * codec.width() || rows->size() % codec.width() != 0)
    std::abort();
  for (const float value : *rows) {
    if (!std::isfinite(value)) std::abort();
  }
}

void EncodeAny(const tandem::RowCodec& codec, tandem::ByteView bytes) {
  std::vector<float> values(bytes.size() / sizeof(float) / codec.width() * codec.width());
  if (values.empty() || values.size() > kRows * codec.width()) return;
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  const std::vector<float> importance(values.size() / codec.width(), 1.0f);
  const tandem::Result<tandem::Bytes> message = codec.Encode({values, codec.width()}, 0, importance);
  if (!message) {
    if (message.error().code != tandem::ErrorCode::kModel) std::abort();
    return;
  }
  if (message->size() > codec.MostBytes(importance.size())) std::abort();
  const tandem::Result<std::vector<float>> rows = codec.Decode(*message, importance.size());
  if (!rows || rows->size() != values.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tandem::ByteReader in({data, size});
  const uint8_t name = in.U8(), width = in.U8();
  if (!in.ok()) return 0;
  const tandem::RowCodec codec = CodecFrom(name, width);
  const tandem::ByteView rest = in.Raw(in.remaining());
  DecodeAny(codec, rest);
  EncodeAny(codec, rest);
  return 0;
}
