// Model files for tests, see model_files.h.
#include "testing/model_files.h"

#include <gtest/gtest.h>
#include <llama.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "model/gguf_file.h"
#include "model/gguf_writer.h"

namespace tandem::testing {
namespace {

FoundFile FileAt(const std::filesystem::path& path, const std::string& hint) {
  if (std::filesystem::exists(path)) return {path, ""};
  return {"", fmt::format("{} is not here: {}", path.string(), hint)};
}

template <class T>
const T& Need(const Result<T>& result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *result;
}

void Need(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

}  // namespace

FoundFile DemoModel(const std::string& name) {
  return FileAt(std::filesystem::path(TANDEM_SOURCE_DIR) / "models" / name, "the repository is incomplete");
}

FoundFile SharedFile(const std::string& name) {
  return FileAt(std::filesystem::path(TANDEM_SOURCE_DIR) / ".." / "shared" / name,
                "the shared folder beside the repository holds it");
}

FoundFile Fixture(const std::string& name) {
  const char* folder = std::getenv("TANDEM_FIXTURES");
  return FileAt(std::filesystem::path(folder != nullptr ? folder : TANDEM_BUILT_FIXTURES) / name,
                "`deps/llama.sh fixtures` makes it, as ./dev test does");
}

TempFile::TempFile(const std::string& suffix) {
  static int count = 0;
  path_ = std::filesystem::path(::testing::TempDir()) /
          fmt::format("tandem.{}.{}{}", ::getpid(), ++count, suffix);
}

TempFile::~TempFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

RandomModelSpec SmallModel(ggml_type type, const std::string& arch) {
  RandomModelSpec spec;
  spec.like = DemoModel("demo-target-q8_0.gguf").path;
  spec.arch = arch;
  spec.layers = 3;
  spec.width = 256;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.ff = 512;
  spec.vocab = 512;
  spec.context = 1024;
  spec.type = type;
  spec.seed = 11;
  return spec;
}

void WriteModel(const RandomModelSpec& spec, const std::string& path) {
  Need(WriteRandomModel(spec, path));
}

void WriteQuantised(int file_type, const std::string& path) {
  const TempFile original;
  WriteModel(SmallModel(GGML_TYPE_F32), original.path());
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = static_cast<llama_ftype>(file_type);
  params.nthread = 1;
  if (llama_model_quantize(original.path().c_str(), path.c_str(), &params) != 0) {
    throw std::runtime_error(fmt::format("llama.cpp cannot quantise to file type {}", file_type));
  }
}

void CopyModel(const std::string& from, const std::string& to, const std::function<void(GgufMetadata&)>& edit,
               const std::vector<ExtraTensor>& extra) {
  const GgufFile file = Need(OpenGguf(from));
  GgufMetadata metadata = GgufMetadata::CopyOf(file.header());
  edit(metadata);
  std::vector<GgufTensorSpec> specs;
  for (const GgufTensor& tensor : file.header().tensors())
    specs.push_back({tensor.name, tensor.type, tensor.shape});
  for (const ExtraTensor& tensor : extra) {
    specs.push_back({tensor.name, GGML_TYPE_F32, {static_cast<int64_t>(tensor.values.size()), 1, 1, 1}});
  }
  Result<GgufWriter> writer = GgufWriter::Create(to, metadata, specs);
  Need(writer);
  for (const GgufTensor& tensor : file.header().tensors()) {
    Need(writer->Append(file.bytes().subspan(tensor.offset, tensor.bytes)));
  }
  for (const ExtraTensor& tensor : extra) {
    Need(writer->Append(
        {reinterpret_cast<const uint8_t*>(tensor.values.data()), tensor.values.size() * sizeof(float)}));
  }
  Need(writer->Finish());
}

}  // namespace tandem::testing
