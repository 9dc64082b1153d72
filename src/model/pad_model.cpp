// Pads a model with zeros, see pad_model.h.
#include "model/pad_model.h"

#include <algorithm>
#include <vector>

#include "model/gguf_file.h"
#include "model/gguf_writer.h"

namespace tandem {
namespace {

constexpr int kMaxLayers = 512, kMaxFf = 1 << 19;
constexpr size_t kZeroChunk = 1 << 20;  // bytes of zeros written at once

// How a tensor of the padded model is made of one of the original.
struct PaddedTensor {
  GgufTensorSpec spec;
  const GgufTensor* source = nullptr;
  bool zero = false;  // all of it: an output projection of an added layer
};

struct Target {
  int layers = 0, ff = 0;
};

bool EndsWithAny(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view e) { return name.ends_with(e); });
}

// The dimension along which a tensor grows with the feed-forward width; -1 for none.
int GrowingDimension(std::string_view name) {
  if (EndsWithAny(name, {".ffn_gate.weight", ".ffn_up.weight"})) return 1;
  if (EndsWithAny(name, {".ffn_down.weight", ".ffn_gate.bias", ".ffn_up.bias"})) return 0;
  return -1;
}

bool WritesToResidual(std::string_view name) {
  return EndsWithAny(name,
                     {".attn_output.weight", ".attn_output.bias", ".ffn_down.weight", ".ffn_down.bias"});
}

// Whether bytes of zeros mean values of zero: true of every type whose block has a scale, and checked here.
bool ZeroBytesAreZero(ggml_type type) {
  if (type == GGML_TYPE_F32) return true;
  const ggml_type_traits* traits = ggml_get_type_traits(type);
  if (traits->to_float == nullptr) return false;
  const std::vector<uint8_t> block(traits->type_size, 0);
  std::vector<float> values(static_cast<size_t>(traits->blck_size), 1.0f);
  traits->to_float(block.data(), values.data(), traits->blck_size);
  return std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0f; });
}

Result<Target> PickTarget(const Hparams& have, const PadModelSpec& spec) {
  const Target target{spec.layers.value_or(have.layers), spec.ff.value_or(have.ff)};
  if (target.layers < have.layers || target.layers > kMaxLayers) {
    return Fail(ErrorCode::kUsage, "{} has {} layers and can be padded to {} to {}, not {}", spec.path,
                have.layers, have.layers, kMaxLayers, target.layers);
  }
  if (target.ff < have.ff || target.ff > kMaxFf) {
    return Fail(ErrorCode::kUsage, "{} has a feed-forward width of {} and can be padded to {} to {}, not {}",
                spec.path, have.ff, have.ff, kMaxFf, target.ff);
  }
  return target;
}

Result<PaddedTensor> Grow(const GgufTensor& source, std::string name, const Target& target) {
  PaddedTensor tensor{{std::move(name), source.type, source.shape}, &source};
  const int dimension = GrowingDimension(source.name);
  if (dimension >= 0) tensor.spec.ne[static_cast<size_t>(dimension)] = target.ff;
  const int64_t block = ggml_blck_size(source.type);
  if (tensor.spec.ne[0] % block != 0) {
    return Fail(ErrorCode::kUsage,
                "a feed-forward width of {} does not fit {}: its type {} comes in blocks of {}", target.ff,
                source.name, ggml_type_name(source.type), block);
  }
  if (!ZeroBytesAreZero(source.type)) {
    return Fail(ErrorCode::kModel, "{} has type {}, which has no zero block", source.name,
                ggml_type_name(source.type));
  }
  return tensor;
}

// The original's tensors in order, grown, then those of the added layers.
Result<std::vector<PaddedTensor>> PadTensors(const GgufHeader& header, int layers, const Target& target) {
  std::vector<PaddedTensor> tensors;
  for (const GgufTensor& source : header.tensors()) {
    Result<PaddedTensor> tensor = Grow(source, source.name, target);
    if (!tensor) return Forward(tensor);
    tensors.push_back(std::move(*tensor));
  }
  for (int layer = layers; layer < target.layers; ++layer) {
    const std::string from = fmt::format("blk.{}.", layer % layers);
    for (const GgufTensor& source : header.tensors()) {
      if (!source.name.starts_with(from)) continue;
      Result<PaddedTensor> tensor =
          Grow(source, fmt::format("blk.{}.{}", layer, source.name.substr(from.size())), target);
      if (!tensor) return Forward(tensor);
      tensor->zero = WritesToResidual(source.name);
      tensors.push_back(std::move(*tensor));
    }
  }
  return tensors;
}

Status WriteZeros(size_t bytes, GgufWriter& writer) {
  const Bytes zeros(std::min(bytes, kZeroChunk), 0);
  for (size_t done = 0; done < bytes; done += zeros.size()) {
    const size_t n = std::min(zeros.size(), bytes - done);
    if (Status s = writer.Append(ByteView(zeros).first(n)); !s) return s;
  }
  return {};
}

// Each row of the original, then zeros up to the padded row's length.
Status WriteLongerRows(const PaddedTensor& tensor, ByteView old, GgufWriter& writer) {
  const size_t old_row = ggml_row_size(tensor.spec.type, tensor.source->shape[0]);
  Bytes row(tensor.spec.RowBytes(), 0);
  for (size_t at = 0; at < old.size(); at += old_row) {
    std::copy_n(old.begin() + static_cast<ptrdiff_t>(at), old_row, row.begin());
    if (Status s = writer.Append(row); !s) return s;
  }
  return {};
}

Status WritePadded(const PaddedTensor& tensor, ByteView file, GgufWriter& writer) {
  if (tensor.zero) return WriteZeros(tensor.spec.Bytes(), writer);
  const ByteView old = file.subspan(tensor.source->offset, tensor.source->bytes);
  if (tensor.spec.ne[0] != tensor.source->shape[0]) return WriteLongerRows(tensor, old, writer);
  if (Status s = writer.Append(old); !s) return s;
  return WriteZeros(tensor.spec.Bytes() - old.size(), writer);
}

GgufMetadata Metadata(const GgufHeader& header, const Hparams& have, const Target& target) {
  GgufMetadata m = GgufMetadata::CopyOf(header);
  const std::string arch = have.arch + ".";
  m.ResizeLayerArrays(arch, static_cast<uint64_t>(have.layers), static_cast<uint64_t>(target.layers));
  m.SetU32(arch + "block_count", static_cast<uint32_t>(target.layers));
  m.SetU32(arch + "feed_forward_length", static_cast<uint32_t>(target.ff));
  m.SetText("general.name",
            fmt::format("{}, padded to {} layers of {}", have.name, target.layers, target.ff));
  m.Remove("general.size_label");
  return m;
}

}  // namespace

Result<PadModelReport> PadModel(const PadModelSpec& spec, const std::string& out) {
  const Result<GgufFile> file = OpenGguf(spec.path);
  if (!file) return Forward(file);
  const Result<Hparams> have = CheckWholeModel(file->header());
  if (!have) return Fail(have.error().code, "{}: {}", spec.path, have.error().message);
  const Result<Target> target = PickTarget(*have, spec);
  if (!target) return Forward(target);
  const Result<std::vector<PaddedTensor>> tensors = PadTensors(file->header(), have->layers, *target);
  if (!tensors) return Forward(tensors);

  PadModelReport report{target->layers, target->ff, 0};
  std::vector<GgufTensorSpec> specs;
  for (const PaddedTensor& tensor : *tensors) {
    specs.push_back(tensor.spec);
    report.bytes += tensor.spec.Bytes();
  }
  Result<GgufWriter> writer =
      GgufWriter::Create(out, Metadata(file->header(), *have, *target), std::move(specs));
  if (!writer) return Forward(writer);
  for (const PaddedTensor& tensor : *tensors) {
    if (Status s = WritePadded(tensor, file->bytes(), *writer); !s) return Forward(s);
  }
  if (Status s = writer->Finish(); !s) return Forward(s);
  return report;
}

}  // namespace tandem
