// Writes models with random weights, see random_model.h.
#include "model/random_model.h"

#include <algorithm>
#include <system_error>
#include <thread>

#include "model/arch/arch.h"
#include "model/gguf_file.h"
#include "model/gguf_writer.h"
#include "model/random_shape.h"
#include "model/random_values.h"
#include "model/random_vocab.h"

namespace tandem {
namespace {

struct NamedType {
  std::string_view name;
  ggml_type type;
  uint32_t file_type;  // llama.cpp's number for a file mostly of that type (general.file_type)
};

constexpr NamedType kTypes[] = {{"q4_0", GGML_TYPE_Q4_0, 2},
                                {"q4_k", GGML_TYPE_Q4_K, 14},
                                {"q8_0", GGML_TYPE_Q8_0, 7},
                                {"f16", GGML_TYPE_F16, 1},
                                {"f32", GGML_TYPE_F32, 0}};

constexpr int kMaxThreads = 64;
constexpr int64_t kChunkValues = 1 << 20;  // made and quantised at once by one thread

// Nothing that the old architecture says holds for the new one; what it has of its own is stated.
void ChangeArch(const Hparams& from, const Hparams& to, GgufMetadata& m) {
  m.RemovePrefix(from.arch + ".");
  m.SetText("general.architecture", to.arch);
  m.SetF32(to.arch + "." + NormEpsKey(to.norm), to.norm_eps);
  if (FindArch(to.arch)->states_residual)
    m.SetBool(to.arch + "." + kParallelResidualKey, to.parallel_residual);
}

GgufMetadata Metadata(const GgufHeader& like, const Hparams& from, const Hparams& to,
                      const RandomModelSpec& spec) {
  GgufMetadata m = GgufMetadata::CopyOf(like);
  for (const char* of_the_old_weights :
       {"general.description", "general.size_label", "general.basename", "general.finetune",
        "general.version", "general.quantized_by", "general.parameter_count", "general.base_model.",
        "general.dataset.", "quantize.imatrix."}) {
    m.RemovePrefix(of_the_old_weights);
  }
  m.SetText("general.name", fmt::format("random like {}, seed {}", from.name, spec.seed));
  const auto type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return t.type == spec.type; });
  m.SetU32("general.file_type", type->file_type);

  const std::string arch = to.arch + ".";
  if (to.arch != from.arch) ChangeArch(from, to, m);
  m.ResizeLayerArrays(arch, static_cast<uint64_t>(from.layers), static_cast<uint64_t>(to.layers));
  for (const auto& [key, value] : {std::pair{"block_count", to.layers},
                                   {"embedding_length", to.width},
                                   {"feed_forward_length", to.ff},
                                   {"attention.head_count", to.heads},
                                   {"attention.head_count_kv", to.kv_heads},
                                   {"attention.key_length", to.head_dim},
                                   {"attention.value_length", to.head_dim},
                                   {"context_length", to.context},
                                   {"vocab_size", to.vocab_rows}}) {
    m.SetU32(arch + key, static_cast<uint32_t>(value));
  }
  if (to.rope.dims > 0) m.SetU32(arch + "rope.dimension_count", static_cast<uint32_t>(to.rope.dims));
  for (const char* key :
       {"attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa"}) {
    if (like.Find(arch + key) != nullptr) m.SetU32(arch + key, static_cast<uint32_t>(to.head_dim));
  }
  return m;
}

// Streams one tensor's Gaussian values, quantised, into the writer.
class GaussianTensor {
 public:
  // Chunks are multiples of 8 rows, so that each begins at a multiple of 8 values, as FillGaussian asks.
  GaussianTensor(const RandomModelSpec& spec, uint32_t number, const RandomTensor& tensor)
      : spec_(spec),
        number_(number),
        tensor_(tensor),
        chunk_rows_(std::max<int64_t>(1, kChunkValues / 8 / tensor.spec.ne[0]) * 8),
        values_(static_cast<size_t>(spec.threads)) {}

  Status Write(GgufWriter& writer) {
    const int64_t rows = tensor_.spec.Rows(), step = chunk_rows_ * spec_.threads;
    for (int64_t row = 0; row < rows; row += step) {
      MakeRows(row, std::min(step, rows - row));
      if (Status s = writer.Append(quantised_); !s) return s;
    }
    return {};
  }

 private:
  // Memory is taken here and not in the threads, where running out of it would end the process.
  void MakeRows(int64_t first, int64_t n) {
    quantised_.resize(static_cast<size_t>(n) * tensor_.spec.RowBytes());
    std::vector<std::jthread> workers;
    for (int64_t at = 0; at < n; at += chunk_rows_) {
      const int64_t rows = std::min(chunk_rows_, n - at);
      std::vector<float>& values = values_[static_cast<size_t>(at / chunk_rows_)];
      values.resize(static_cast<size_t>(rows * tensor_.spec.ne[0]));
      if (at + chunk_rows_ < n) {
        workers.emplace_back([=, this, &values] { MakeChunk(first, at, rows, values); });
      } else {
        MakeChunk(first, at, rows, values);
      }
    }
  }

  // Rows [first + at, first + at + n) of the tensor into quantised_ at row `at`.
  void MakeChunk(int64_t first, int64_t at, int64_t n, std::vector<float>& values) {
    const int64_t columns = tensor_.spec.ne[0];
    FillGaussian(spec_.seed, number_, static_cast<uint64_t>((first + at) * columns), tensor_.deviation,
                 values);
    ggml_quantize_chunk(tensor_.spec.type, values.data(),
                        quantised_.data() + static_cast<size_t>(at) * tensor_.spec.RowBytes(), 0, n, columns,
                        nullptr);
  }

  const RandomModelSpec& spec_;
  const uint32_t number_;
  const RandomTensor& tensor_;
  const int64_t chunk_rows_;
  std::vector<std::vector<float>> values_;  // one buffer a thread
  Bytes quantised_;
};

Status WriteOnes(const GgufTensorSpec& spec, GgufWriter& writer) {
  const std::vector<float> ones(static_cast<size_t>(spec.ne[0] * spec.Rows()), 1.0f);
  return writer.Append({reinterpret_cast<const uint8_t*>(ones.data()), ones.size() * sizeof(float)});
}

Status WriteTensor(const RandomModelSpec& spec, const GgufFile& like, uint32_t number,
                   const RandomTensor& tensor, GgufWriter& writer) {
  switch (tensor.fill) {
    case TensorFill::kOnes:
      return WriteOnes(tensor.spec, writer);
    case TensorFill::kCopy:
      return writer.Append(like.bytes().subspan(tensor.source->offset, tensor.source->bytes));
    case TensorFill::kGaussian:
      break;
  }
  try {
    return GaussianTensor(spec, number, tensor).Write(writer);
  } catch (const std::system_error& e) {
    return Fail(ErrorCode::kResource, "cannot start {} threads: {}", spec.threads, e.what());
  } catch (const std::bad_alloc&) {
    return Fail(ErrorCode::kResource, "no memory for rows of tensor {}", tensor.spec.name);
  }
}

Status CheckSpec(const RandomModelSpec& spec) {
  if (std::none_of(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return t.type == spec.type; })) {
    return Fail(ErrorCode::kUsage, "random weights cannot be written in {}", ggml_type_name(spec.type));
  }
  if (spec.threads < 1 || spec.threads > kMaxThreads) {
    return Fail(ErrorCode::kUsage, "threads must be 1 to {}, not {}", kMaxThreads, spec.threads);
  }
  return {};
}

}  // namespace

Result<ggml_type> ParseWeightType(std::string_view name) {
  for (const NamedType& type : kTypes) {
    if (type.name == name) return type.type;
  }
  return Fail(ErrorCode::kUsage, "weights can be q4_0, q4_k, q8_0, f16 or f32, not '{}'", name);
}

Result<RandomModelReport> WriteRandomModel(const RandomModelSpec& spec, const std::string& out) {
  if (Status s = CheckSpec(spec); !s) return Forward(s);
  const Result<GgufFile> like = OpenGguf(spec.like);
  if (!like) return Forward(like);
  const Result<Hparams> like_shape = CheckWholeModel(like->header());
  if (!like_shape) return Fail(like_shape.error().code, "{}: {}", spec.like, like_shape.error().message);
  const Result<Hparams> shape = RandomShape(*like_shape, spec);
  if (!shape) return Forward(shape);

  RandomModelReport report;
  const Result<std::vector<RandomTensor>> tensors =
      RandomTensors(like->header(), *like_shape, *shape, spec.type, report.notes);
  if (!tensors) return Forward(tensors);
  GgufMetadata metadata = Metadata(like->header(), *like_shape, *shape, spec);
  report.vocabulary = spec.vocab ? ResizeVocab(like->header(), shape->vocab_rows, metadata) : "kept";

  std::vector<GgufTensorSpec> specs;
  for (const RandomTensor& tensor : *tensors) {
    specs.push_back(tensor.spec);
    report.parameters += static_cast<uint64_t>(tensor.spec.ne[0] * tensor.spec.Rows());
    report.bytes += tensor.spec.Bytes();
  }
  Result<GgufWriter> writer = GgufWriter::Create(out, metadata, std::move(specs));
  if (!writer) return Forward(writer);
  for (size_t i = 0; i < tensors->size(); ++i) {
    if (Status s = WriteTensor(spec, *like, static_cast<uint32_t>(i), (*tensors)[i], *writer); !s)
      return Forward(s);
  }
  if (Status s = writer->Finish(); !s) return Forward(s);
  return report;
}

}  // namespace tandem
