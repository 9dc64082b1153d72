// Walks a GGUF header with every length checked, see gguf_file.h.
#include "model/gguf_file.h"

#include <ggml.h>

#include <bit>
#include <cstring>

namespace tandem {
namespace {

// Far above any real model, far below what hurts.
constexpr uint64_t kMaxTensors = 1u << 16, kMaxKeys = 1u << 16, kMaxName = 1u << 10, kMaxDimension = 1u << 30;
constexpr uint32_t kDefaultAlignment = 32, kMaxAlignment = 1u << 16;

size_t SizeOf(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool: return 1;
    case GgufType::kU16:
    case GgufType::kI16: return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32: return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64: return 8;
    default: return 0;
  }
}

template <class T>
T Load(ByteView bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

bool KnownTensorType(uint32_t type) {
  return type < GGML_TYPE_COUNT && ggml_type_size(static_cast<ggml_type>(type)) > 0 &&
         ggml_blck_size(static_cast<ggml_type>(type)) > 0;
}

}  // namespace

// One pass over the header. Every step returns a Status; the first failure ends the walk.
class GgufWalk {
 public:
  GgufWalk(ByteView file, const std::string& name) : file_(file), name_(name), in_(file) {}

  Result<GgufHeader> Run() {
    if (Status s = Preamble(); !s) return Forward(s);
    for (uint64_t i = 0; i < keys_; ++i) {
      if (Status s = Key(); !s) return Forward(s);
    }
    for (uint64_t i = 0; i < tensors_; ++i) {
      if (Status s = Tensor(); !s) return Forward(s);
    }
    if (Status s = Place(); !s) return Forward(s);
    return std::move(out_);
  }

 private:
  Status Truncated(const char* where) const {
    return Fail(ErrorCode::kFile, "{} ends within its {} ({} bytes in all): truncated or not a GGUF file", name_, where,
                file_.size());
  }

  Status Preamble() {
    const ByteView magic = in_.Raw(4);
    if (!in_.ok()) return Truncated("magic");
    if (std::memcmp(magic.data(), "GGUF", 4) != 0) return NotGguf();
    const uint32_t version = in_.U32();
    tensors_ = in_.U64();
    keys_ = in_.U64();
    if (!in_.ok()) return Truncated("preamble");
    if (version != 2 && version != 3) {
      return Fail(ErrorCode::kFile, "{} is GGUF version {}; versions 2 and 3 are read", name_, version);
    }
    if (tensors_ > kMaxTensors || keys_ > kMaxKeys) {
      return Fail(ErrorCode::kFile, "{} claims {} tensors and {} keys; at most {} and {} are read", name_, tensors_, keys_,
                  kMaxTensors, kMaxKeys);
    }
    return {};
  }

  Status NotGguf() const {
    // A safetensors file begins with the length of its JSON header, then "{".
    if (file_.size() > 9 && file_[8] == '{') {
      return Fail(ErrorCode::kFile, "{} is a safetensors file; Tandem reads GGUF (convert it with llama.cpp's "
                  "convert_hf_to_gguf.py)", name_);
    }
    return Fail(ErrorCode::kFile, "{} is not a GGUF file: it begins with bytes {:02x} {:02x} {:02x} {:02x}", name_, file_[0],
                file_[1], file_[2], file_[3]);
  }

  // A length-prefixed string of at most `limit` bytes.
  Result<std::string_view> String(uint64_t limit, const char* what) {
    const uint64_t length = in_.U64();
    if (!in_.ok()) return Forward(Truncated(what));
    if (length > limit || length > in_.remaining()) {
      return Fail(ErrorCode::kFile, "{} claims a {} of {} bytes ({} bytes are left)", name_, what, length, in_.remaining());
    }
    const ByteView bytes = in_.Raw(length);
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  Status Key() {
    const Result<std::string_view> key = String(kMaxName, "key");
    if (!key) return Forward(key);
    if (key->empty()) return Fail(ErrorCode::kFile, "{} has a key without a name", name_);
    GgufValue value;
    value.type = static_cast<GgufType>(in_.U32());
    if (!in_.ok()) return Truncated("keys");
    if (Status s = Value(*key, value); !s) return s;
    if (!out_.value_index_.emplace(*key, out_.values_.size()).second) {
      return Fail(ErrorCode::kFile, "{} has the key {} twice", name_, *key);
    }
    out_.values_.emplace_back(*key, value);
    return {};
  }

  Status Value(std::string_view key, GgufValue& value) {
    if (value.type == GgufType::kString) {
      const Result<std::string_view> text = String(in_.remaining(), "text");
      if (!text) return Forward(text);
      value.bytes = {reinterpret_cast<const uint8_t*>(text->data()), text->size()};
      return {};
    }
    if (value.type == GgufType::kArray) return Array(key, value);
    const size_t size = SizeOf(value.type);
    if (size == 0) {
      return Fail(ErrorCode::kFile, "{}: key {} has unknown type {}", name_, key, static_cast<uint32_t>(value.type));
    }
    value.bytes = in_.Raw(size);
    return in_.ok() ? Status{} : Truncated("keys");
  }

  Status Array(std::string_view key, GgufValue& value) {
    value.element = static_cast<GgufType>(in_.U32());
    value.count = in_.U64();
    if (!in_.ok()) return Truncated("keys");
    const ByteView rest = file_.last(in_.remaining());
    if (value.element == GgufType::kString) {
      // Each string takes at least its 8-byte length, so the loop is bounded by the file's size.
      for (uint64_t i = 0; i < value.count; ++i) {
        const Result<std::string_view> text = String(in_.remaining(), "text");
        if (!text) return Forward(text);
      }
    } else {
      const size_t size = SizeOf(value.element);
      if (size == 0 || value.count > in_.remaining() / size) {
        return Fail(ErrorCode::kFile, "{}: key {} claims {} elements of type {} ({} bytes are left)", name_, key, value.count,
                    static_cast<uint32_t>(value.element), in_.remaining());
      }
      in_.Raw(value.count * size);
    }
    value.bytes = rest.first(rest.size() - in_.remaining());
    return {};
  }

  Status Tensor() {
    const Result<std::string_view> name = String(GGML_MAX_NAME - 1, "tensor name");
    if (!name) return Forward(name);
    GgufTensor tensor;
    tensor.name = *name;
    const uint32_t dimensions = in_.U32();
    if (!in_.ok()) return Truncated("tensor list");
    if (dimensions == 0 || dimensions > 4) {
      return Fail(ErrorCode::kFile, "{}: tensor {} has {} dimensions", name_, *name, dimensions);
    }
    for (uint32_t d = 0; d < dimensions; ++d) {
      const uint64_t ne = in_.U64();
      if (in_.ok() && (ne == 0 || ne > kMaxDimension)) {
        return Fail(ErrorCode::kFile, "{}: tensor {} has a dimension of {}", name_, *name, ne);
      }
      tensor.ne[d] = static_cast<int64_t>(ne);
    }
    const uint32_t type = in_.U32();
    tensor.offset = in_.U64();
    if (!in_.ok()) return Truncated("tensor list");
    if (Status s = Size(tensor, type); !s) return s;
    if (!out_.tensor_index_.emplace(*name, out_.tensors_.size()).second) {
      return Fail(ErrorCode::kFile, "{} has the tensor {} twice", name_, *name);
    }
    out_.tensors_.push_back(tensor);
    return {};
  }

  // Bytes of the data, without overflow: dimensions are at most 2^30 each, so three products fit 128 bits.
  Status Size(GgufTensor& tensor, uint32_t type) const {
    if (!KnownTensorType(type)) {
      return Fail(ErrorCode::kFile, "{}: tensor {} has unknown type {}", name_, tensor.name, type);
    }
    tensor.type = static_cast<int>(type);
    const int64_t block = ggml_blck_size(static_cast<ggml_type>(type));
    if (tensor.ne[0] % block != 0) {
      return Fail(ErrorCode::kFile, "{}: tensor {} has rows of {} values, not a multiple of its type's block of {}", name_,
                  tensor.name, tensor.ne[0], block);
    }
    __extension__ using Wide = unsigned __int128;
    Wide bytes = static_cast<Wide>(tensor.ne[0] / block) * ggml_type_size(static_cast<ggml_type>(type));
    for (int d = 1; d < 4 && bytes <= file_.size(); ++d) bytes *= static_cast<Wide>(tensor.ne[d]);
    if (bytes > file_.size()) {
      return Fail(ErrorCode::kFile, "{}: tensor {} ({} x {}) is larger than the file ({} bytes): truncated or hostile", name_,
                  tensor.name, tensor.ne[0], tensor.ne[1], file_.size());
    }
    tensor.size = static_cast<size_t>(bytes);
    return {};
  }

  // Data begins at the next multiple of the alignment; every tensor must lie inside the file.
  Status Place() {
    const int64_t alignment = out_.Int("general.alignment").value_or(kDefaultAlignment);
    if (alignment <= 0 || alignment > kMaxAlignment || !std::has_single_bit(static_cast<uint64_t>(alignment))) {
      return Fail(ErrorCode::kFile, "{} has an alignment of {}", name_, alignment);
    }
    const size_t step = static_cast<size_t>(alignment);
    const size_t header = file_.size() - in_.remaining();
    const size_t begin = (header + step - 1) / step * step;
    for (GgufTensor& tensor : out_.tensors_) {
      if (tensor.offset % step != 0) {
        return Fail(ErrorCode::kFile, "{}: tensor {} lies at offset {}, not a multiple of {}", name_, tensor.name,
                    tensor.offset, step);
      }
      if (begin > file_.size() || tensor.offset > file_.size() - begin ||
          tensor.size > file_.size() - begin - tensor.offset) {
        return Fail(ErrorCode::kFile, "{} is truncated: tensor {} needs bytes up to {}, the file has {}", name_, tensor.name,
                    begin + tensor.offset + tensor.size, file_.size());
      }
      tensor.offset += begin;
    }
    return {};
  }

  ByteView file_;
  const std::string& name_;
  ByteReader in_;
  uint64_t tensors_ = 0, keys_ = 0;
  GgufHeader out_;
};

Result<GgufHeader> GgufHeader::Parse(ByteView file, const std::string& name) { return GgufWalk(file, name).Run(); }

const GgufTensor* GgufHeader::Tensor(std::string_view name) const {
  const auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

const GgufValue* GgufHeader::Find(std::string_view key) const {
  const auto it = value_index_.find(key);
  return it == value_index_.end() ? nullptr : &values_[it->second].second;
}

std::optional<int64_t> GgufHeader::Int(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  switch (value->type) {
    case GgufType::kU8: return Load<uint8_t>(value->bytes);
    case GgufType::kI8: return Load<int8_t>(value->bytes);
    case GgufType::kU16: return Load<uint16_t>(value->bytes);
    case GgufType::kI16: return Load<int16_t>(value->bytes);
    case GgufType::kU32: return Load<uint32_t>(value->bytes);
    case GgufType::kI32: return Load<int32_t>(value->bytes);
    case GgufType::kI64: return Load<int64_t>(value->bytes);
    case GgufType::kU64: {
      const uint64_t wide = Load<uint64_t>(value->bytes);
      if (wide > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
      return static_cast<int64_t>(wide);
    }
    default: return std::nullopt;
  }
}

std::optional<double> GgufHeader::Float(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->type == GgufType::kF32) return Load<float>(value->bytes);
  if (value->type == GgufType::kF64) return Load<double>(value->bytes);
  return std::nullopt;
}

std::optional<bool> GgufHeader::Bool(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr || value->type != GgufType::kBool) return std::nullopt;
  return value->bytes[0] != 0;
}

std::optional<std::string_view> GgufHeader::Text(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr || value->type != GgufType::kString) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(value->bytes.data()), value->bytes.size());
}

uint64_t GgufHeader::ArrayCount(std::string_view key) const {
  const GgufValue* value = Find(key);
  return value != nullptr && value->type == GgufType::kArray ? value->count : 0;
}

Result<GgufFile> OpenGguf(const std::string& path) {
  Result<MappedFile> map = MappedFile::Open(path);
  if (!map) return Forward(map);
  Result<GgufHeader> header = GgufHeader::Parse(map->bytes(), path);
  if (!header) return Forward(header);
  return GgufFile{path, std::move(*map), std::move(*header)};
}

}  // namespace tandem
