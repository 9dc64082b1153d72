// See cut_model.h.
#include "model/cut_model.h"

#include <algorithm>
#include <filesystem>

#include "model/arch/arch.h"
#include "model/gguf_file.h"
#include "model/gguf_writer.h"
#include "model/model_part.h"
#include "model/tensor_check.h"

namespace tandem {

namespace {

Result<std::vector<StageRange>> StagesOf(std::vector<LayerRange> ranges, int layers) {
  if (ranges.empty()) return Fail(ErrorCode::kUsage, "no layers to cut out were named");
  std::sort(ranges.begin(), ranges.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  std::vector<StageRange> stages;
  int done = 0;  // layers before it are in a range
  for (const LayerRange& range : ranges) {
    if (range.begin < 0 || range.begin >= range.end || range.end > layers)
      return Fail(ErrorCode::kUsage,
                  "layers {}:{} are no range of its {}: expected A:B with 0 <= A < B <= {}", range.begin,
                  range.end, layers, layers);
    if (range.begin < done)
      return Fail(ErrorCode::kUsage, "layers {}:{} overlap a range that ends at {}", range.begin, range.end,
                  done);
    const int begin = range.begin == 0 ? 0 : range.begin + 1;
    const int end = range.end == layers ? layers + 2 : range.end + 1;
    if (!stages.empty() && range.begin == done) {
      stages.back().end = end;
    } else {
      stages.push_back({begin, end});
    }
    done = range.end;
  }
  return stages;
}

Status WriteTensors(const GgufFile& file, const std::vector<const GgufTensor*>& tensors, GgufWriter& writer) {
  constexpr size_t kBlock = 1 << 20;
  for (const GgufTensor* tensor : tensors) {
    for (size_t done = 0; done < tensor->bytes; done += kBlock) {
      const size_t n = std::min<size_t>(kBlock, tensor->bytes - done);
      if (Status s = writer.Append(file.bytes().subspan(tensor->offset + done, n)); !s) return s;
      file.file()->Release(tensor->offset + done, n);
    }
  }
  return writer.Finish();
}

bool IsSameFile(const std::string& a, const std::string& b) {
  std::error_code absent;
  return std::filesystem::equivalent(a, b, absent);
}

}  // namespace

Result<CutModelReport> CutModel(const CutModelSpec& spec, const std::string& out) {
  const auto file = OpenGguf(spec.path);
  if (!file) return Forward(file);
  const GgufHeader& header = file->header();
  const auto shape = CheckWholeModel(header);
  if (!shape) return Fail(shape.error().code, "{}: {}", spec.path, shape.error().message);
  const int layers = shape->layers;
  auto stages = StagesOf(spec.layers, layers);
  if (!stages) return Fail(stages.error().code, "{}: {}", spec.path, stages.error().message);
  if (IsSameFile(spec.path, out))
    return Fail(ErrorCode::kUsage, "{} is the model itself: a part must not take its place", out);
  const auto hashes = TensorHashesOf(spec.path, spec.cache_folder);
  if (!hashes) return Forward(hashes);

  CutModelReport report{std::move(*stages), layers, 0, 0, ModelIdentity(*hashes)};
  const auto tensors = TensorsOf(header, *FindArch(shape->arch), *shape, report.stages);
  std::vector<GgufTensorSpec> specs;
  for (const GgufTensor* tensor : tensors) {
    specs.push_back({tensor->name, tensor->type, tensor->shape});
    report.bytes += tensor->bytes;
  }
  for (const GgufTensor& tensor : header.tensors()) report.whole_bytes += tensor.bytes;
  GgufMetadata metadata = GgufMetadata::CopyOf(header);
  AddPartKeys({report.stages, hashes->tensors}, shape->vocab_rows, metadata);
  if (spec.measure) {
    const auto rows = spec.measure(report.stages, layers);
    if (!rows) return Forward(rows);
    AddRowStatistics(*rows, metadata);
  }
  auto writer = GgufWriter::Create(out, metadata, std::move(specs));
  if (!writer) return Forward(writer);
  if (Status s = WriteTensors(*file, tensors, *writer); !s) return Forward(s);
  return report;
}

}  // namespace tandem
