// See gguf_file.h.
#include "model/gguf_file.h"

#include <cstring>

#include "model/arch/arch.h"
#include "model/model_part.h"
#include "model/row_statistics.h"
#include "model/tensor_check.h"

namespace tandem {

namespace {

// A .safetensors file is a 64-bit length followed by that much JSON, which starts with '{'.
bool LooksLikeSafetensors(const std::string& path, ByteView bytes) {
  if (path.ends_with(".safetensors")) return true;
  if (bytes.size() < 10) return false;
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length < (1u << 30) && bytes[8] == '{' && bytes[9] == '"';
}

}  // namespace

Result<GgufFile> OpenGguf(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  const ByteView bytes = (*file)->bytes();
  auto header = GgufHeader::Parse(bytes);
  if (header) return GgufFile(*file, std::move(*header));
  if (LooksLikeSafetensors(path, bytes))
    return Fail(
        ErrorCode::kFile,
        "{}: is a .safetensors file, expected GGUF (convert it with llama.cpp's convert_hf_to_gguf.py)",
        path);
  return Fail(header.error().code, "{}: {}", path, header.error().message);
}

Result<Hparams> CheckModel(const GgufHeader& header) {
  auto splits = header.Int("split.count", 0, 1 << 16);
  if (!splits) return Forward(splits);
  if (splits->value_or(0) > 1)
    return Fail(ErrorCode::kModel,
                "is one part of a model split into {} files; join them with llama-gguf-split --merge",
                **splits);
  auto hparams = ReadHparams(header);
  if (!hparams) return hparams;
  const Arch& arch = *FindArch(hparams->arch);
  if (!IsModelPart(header)) {
    if (Status s = CheckTensors(header, arch, *hparams); !s) return Forward(s);
    return hparams;
  }
  const auto part = ReadModelPart(header, hparams->layers);
  if (!part) return Forward(part);
  if (Status s = CheckTensors(header, arch, *hparams, &*part); !s) return Forward(s);
  const auto rows = ReadRowStatistics(header, *hparams);
  if (!rows) return Forward(rows);
  return hparams;
}

Result<Hparams> CheckWholeModel(const GgufHeader& header) {
  auto hparams = CheckModel(header);
  if (!hparams || !IsModelPart(header)) return hparams;
  const auto part = ReadModelPart(header, hparams->layers);
  if (!part) return Forward(part);
  return Fail(ErrorCode::kModel, "is a part of a model of {} layers: it holds {}; the whole is needed here",
              hparams->layers, StagesText(part->stages, hparams->layers));
}

Status CheckGguf(ByteView file) {
  auto header = GgufHeader::Parse(file);
  if (!header) return Forward(header);
  auto hparams = CheckModel(*header);
  if (!hparams) return Forward(hparams);
  return {};
}

}  // namespace tandem
