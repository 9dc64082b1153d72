// The GGUF stream writer, see gguf_writer.h. Layout: gguf_header.h.
#include "model/gguf_writer.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tandem {
namespace {

constexpr size_t kAlignment = 32;  // GGUF's default, so that no key is needed
constexpr uint32_t kVersion = 3;

size_t Aligned(size_t n) {
  return (n + kAlignment - 1) / kAlignment * kAlignment;
}

void AppendText(ByteWriter& out, std::string_view text) {
  out.U64(text.size());
  out.Raw({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

void AppendValue(ByteWriter& out, const OwnedGgufValue& value) {
  constexpr auto kArray = static_cast<uint32_t>(GgufType::kArray);
  out.U32(value.is_array ? kArray : static_cast<uint32_t>(value.type));
  if (value.is_array) {
    out.U32(static_cast<uint32_t>(value.type));
    out.U64(value.count);
  } else if (value.type == GgufType::kString) {
    out.U64(value.bytes.size());
  }
  out.Raw(value.bytes);
}

uint32_t Dimensions(const GgufTensorSpec& tensor) {
  uint32_t n = 4;
  while (n > 1 && tensor.ne[n - 1] == 1) --n;
  return n;
}

Status CheckShape(const GgufTensorSpec& tensor) {
  if (tensor.name.empty() || tensor.name.size() >= GGML_MAX_NAME) {
    return Fail(ErrorCode::kUsage, "a tensor's name must have 1 to {} bytes, '{}' has {}", GGML_MAX_NAME - 1,
                tensor.name, tensor.name.size());
  }
  for (const int64_t n : tensor.ne) {
    if (n <= 0 || n > (int64_t{1} << 30)) {
      return Fail(ErrorCode::kUsage, "tensor {} has a dimension of {}", tensor.name, n);
    }
  }
  const int64_t block = ggml_blck_size(tensor.type);
  if (block == 0 || tensor.ne[0] % block != 0) {
    return Fail(ErrorCode::kUsage, "tensor {} has rows of {} values, not a multiple of {}'s block of {}",
                tensor.name, tensor.ne[0], ggml_type_name(tensor.type), block);
  }
  return {};
}

}  // namespace

Bytes GgufHeaderBytes(const GgufMetadata& metadata, const std::vector<GgufTensorSpec>& tensors) {
  ByteWriter out;
  for (const char c : {'G', 'G', 'U', 'F'}) out.U8(static_cast<uint8_t>(c));
  out.U32(kVersion);
  out.U64(tensors.size());
  size_t keys = 0;
  for (const auto& [key, value] : metadata.entries()) keys += key != "general.alignment";
  out.U64(keys);
  for (const auto& [key, value] : metadata.entries()) {
    if (key == "general.alignment") continue;  // of the file it was copied from
    AppendText(out, key);
    AppendValue(out, value);
  }
  uint64_t offset = 0;
  for (const GgufTensorSpec& tensor : tensors) {
    AppendText(out, tensor.name);
    out.U32(Dimensions(tensor));
    for (uint32_t d = 0; d < Dimensions(tensor); ++d) out.U64(static_cast<uint64_t>(tensor.ne[d]));
    out.U32(static_cast<uint32_t>(tensor.type));
    out.U64(offset);
    offset += Aligned(tensor.Bytes());
  }
  while (out.size() % kAlignment != 0) out.U8(0);
  return out.Take();
}

Result<GgufWriter> GgufWriter::Create(const std::string& path, const GgufMetadata& metadata,
                                      std::vector<GgufTensorSpec> tensors) {
  for (const GgufTensorSpec& tensor : tensors) {
    if (Status s = CheckShape(tensor); !s) return Forward(s);
  }
  GgufWriter writer(path, std::move(tensors));
  if (Status s = writer.Open(); !s) return Forward(s);
  if (Status s = writer.Write(GgufHeaderBytes(metadata, writer.tensors_)); !s) return Forward(s);
  return writer;
}

GgufWriter::~GgufWriter() {
  if (file_ == nullptr) return;
  file_.reset();
  ::unlink(part_.c_str());
}

Status GgufWriter::Open() {
  part_ = fmt::format("{}.part.{}", path_, ::getpid());
  file_.reset(std::fopen(part_.c_str(), "wb"));
  if (file_ == nullptr) return Fail(ErrorCode::kFile, "cannot write {}: {}", part_, std::strerror(errno));
  return {};
}

Status GgufWriter::Write(ByteView bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    return Fail(ErrorCode::kFile, "writing {} stopped after {} bytes: {}", part_, written_,
                std::strerror(errno));
  }
  written_ += bytes.size();
  return {};
}

Status GgufWriter::Pad() {
  constexpr std::array<uint8_t, kAlignment> kZeros{};
  const size_t missing = Aligned(written_) - written_;
  return missing == 0 ? Status{} : Write(ByteView(kZeros).first(missing));
}

Status GgufWriter::Append(ByteView bytes) {
  if (current_ == tensors_.size() || bytes.size() > tensors_[current_].Bytes() - filled_) {
    return Fail(ErrorCode::kInternal, "{} bytes do not fit the rest of tensor {} of {} ({} bytes filled)",
                bytes.size(), current_, tensors_.size(), filled_);
  }
  if (Status s = Write(bytes); !s) return s;
  filled_ += bytes.size();
  if (filled_ < tensors_[current_].Bytes()) return {};
  ++current_;
  filled_ = 0;
  return Pad();
}

Status GgufWriter::Finish() {
  if (current_ != tensors_.size()) {
    return Fail(ErrorCode::kInternal, "{} of {} tensors of {} were filled", current_, tensors_.size(), path_);
  }
  FILE* file = file_.release();
  if (std::fclose(file) != 0) {
    const int why = errno;
    ::unlink(part_.c_str());
    return Fail(ErrorCode::kFile, "writing {} failed: {}", part_, std::strerror(why));
  }
  if (std::rename(part_.c_str(), path_.c_str()) != 0) {
    const int why = errno;
    ::unlink(part_.c_str());
    return Fail(ErrorCode::kFile, "cannot move {} to {}: {}", part_, path_, std::strerror(why));
  }
  return {};
}

}  // namespace tandem
