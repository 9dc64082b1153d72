// See gguf_header.h.
#include "model/gguf_header.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace tandem {

namespace {

// Far above any model known, far below what would hurt: a header is at most a few hundred MB (merges,
// templates).
constexpr uint64_t kMaxValues = 1u << 16;
constexpr uint64_t kMaxTensors = 1u << 16;
constexpr uint64_t kMaxKey = 1u << 12;
constexpr uint64_t kMaxAlignment = 1u << 20;
constexpr int64_t kMaxDimension = int64_t{1} << 40;
constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr const char* kAlignmentKey = "general.alignment";

// Bytes of one scalar; 0 for strings, arrays and unknown types.
size_t ScalarBytes(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool:
      return 1;
    case GgufType::kU16:
    case GgufType::kI16:
      return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32:
      return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64:
      return 8;
    default:
      return 0;
  }
}

// Names from hostile files go into messages: printable ASCII, at most 80 characters.
std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out += (c >= 32 && c < 127) ? c : '?';
  return text.size() > 80 ? out + "..." : out;
}

template <class T>
T Load(ByteView bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

std::string_view Text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A whole number of any width; nullopt for other kinds and for values past int64.
std::optional<int64_t> AsInt(const GgufValue& value) {
  if (value.is_array) return std::nullopt;
  switch (value.type) {
    case GgufType::kU8:
      return Load<uint8_t>(value.bytes);
    case GgufType::kI8:
      return Load<int8_t>(value.bytes);
    case GgufType::kU16:
      return Load<uint16_t>(value.bytes);
    case GgufType::kI16:
      return Load<int16_t>(value.bytes);
    case GgufType::kU32:
      return Load<uint32_t>(value.bytes);
    case GgufType::kI32:
      return Load<int32_t>(value.bytes);
    case GgufType::kI64:
      return Load<int64_t>(value.bytes);
    case GgufType::kU64: {
      const auto n = Load<uint64_t>(value.bytes);
      if (n > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
      return static_cast<int64_t>(n);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

// Walks the header once. Every step checks the bytes left before it takes any.
class GgufParser {
 public:
  explicit GgufParser(ByteView file) : file_(file), in_(file) {}

  Result<GgufHeader> Run() {
    for (auto step : {&GgufParser::Preamble, &GgufParser::Values, &GgufParser::Alignment,
                      &GgufParser::Tensors, &GgufParser::Extents}) {
      if (Status s = (this->*step)(); !s) return Forward(s);
    }
    return std::move(out_);
  }

 private:
  size_t At() const { return file_.size() - in_.remaining(); }

  tl::unexpected<Error> Truncated(std::string_view what) const {
    return Fail(ErrorCode::kFile, "the GGUF header ends inside {} (file of {} bytes is truncated or damaged)",
                what, file_.size());
  }

  Status Preamble() {
    const uint32_t magic = in_.U32();
    if (!in_.ok() || magic != kMagic) {
      return Fail(ErrorCode::kFile, "is not a GGUF file: it starts with '{}', expected 'GGUF'",
                  Printable(Text(file_.first(std::min<size_t>(4, file_.size())))));
    }
    const uint32_t version = in_.U32();
    tensor_count_ = in_.U64();
    value_count_ = in_.U64();
    if (!in_.ok()) return Truncated("its first 24 bytes");
    if ((version & 0xffff) == 0)
      return Fail(ErrorCode::kFile, "is a big-endian GGUF (version field {:#x})", version);
    if (version != 2 && version != 3)
      return Fail(ErrorCode::kFile, "is GGUF version {}, expected 2 or 3", version);
    if (tensor_count_ > kMaxTensors)
      return Fail(ErrorCode::kFile, "claims {} tensors, more than {}", tensor_count_, kMaxTensors);
    if (value_count_ > kMaxValues)
      return Fail(ErrorCode::kFile, "claims {} metadata values, more than {}", value_count_, kMaxValues);
    return {};
  }

  Result<std::string_view> String(std::string_view what, uint64_t max) {
    const uint64_t length = in_.U64();
    if (!in_.ok()) return Truncated(what);
    if (length > max) return Fail(ErrorCode::kFile, "{} claims a length of {} bytes", what, length);
    if (length > in_.remaining()) return Truncated(what);
    return Text(in_.Raw(length));
  }

  // A key or a tensor's name. ggml compares them as C strings, so one with a NUL inside could stand for
  // another.
  Result<std::string_view> Name(std::string_view what, uint64_t max) {
    auto name = String(what, max);
    if (name && std::any_of(name->begin(), name->end(), [](char c) { return c >= 0 && c < 32; }))
      return Fail(ErrorCode::kFile, "{} holds control characters: '{}'", what, Printable(*name));
    return name;
  }

  // Skips `count` strings; what remains of the file bounds the loop, 8 bytes a string.
  Status SkipStrings(uint64_t count, std::string_view what) {
    for (uint64_t i = 0; i < count; ++i) {
      if (auto text = String(what, std::numeric_limits<uint64_t>::max()); !text) return Forward(text);
    }
    return {};
  }

  Status Payload(std::string_view what, GgufValue& value) {
    const size_t scalar = ScalarBytes(value.type);
    if (scalar == 0 && value.type != GgufType::kString)
      return Fail(ErrorCode::kFile, "{} has the unknown type {}", what, static_cast<uint32_t>(value.type));
    const uint64_t smallest = scalar == 0 ? 8 : scalar;
    if (value.count > in_.remaining() / smallest) return Truncated(what);
    const size_t begin = At();
    if (scalar != 0) {
      value.bytes = in_.Raw(value.count * scalar);
    } else if (!value.is_array) {
      auto text = String(what, std::numeric_limits<uint64_t>::max());
      if (!text) return Forward(text);
      value.bytes = {reinterpret_cast<const uint8_t*>(text->data()), text->size()};
    } else {
      if (Status s = SkipStrings(value.count, what); !s) return s;
      value.bytes = file_.subspan(begin, At() - begin);
    }
    return {};
  }

  Status Values() {
    for (uint64_t i = 0; i < value_count_; ++i) {
      auto key = Name(fmt::format("metadata key {}", i), kMaxKey);
      if (!key) return Forward(key);
      const std::string what = fmt::format("metadata '{}'", Printable(*key));
      if (key->empty()) return Fail(ErrorCode::kFile, "metadata key {} is empty", i);
      GgufValue value;
      value.type = static_cast<GgufType>(in_.U32());
      value.is_array = value.type == GgufType::kArray;
      if (value.is_array) {
        value.type = static_cast<GgufType>(in_.U32());
        value.count = in_.U64();
      }
      if (!in_.ok()) return Truncated(what);
      if (Status s = Payload(what, value); !s) return s;
      if (!out_.value_index_.emplace(*key, out_.values_.size()).second)
        return Fail(ErrorCode::kFile, "{} appears twice", what);
      out_.values_.emplace_back(*key, value);
    }
    return {};
  }

  Status Alignment() {
    const GgufValue* value = out_.Find(kAlignmentKey);
    if (value == nullptr) return {};
    if (value->is_array || value->type != GgufType::kU32)
      return Fail(ErrorCode::kFile, "'{}' is not a 32-bit number", kAlignmentKey);
    alignment_ = Load<uint32_t>(value->bytes);
    if (alignment_ == 0 || (alignment_ & (alignment_ - 1)) != 0 || alignment_ > kMaxAlignment)
      return Fail(ErrorCode::kFile, "'{}' is {}, expected a power of two up to {}", kAlignmentKey, alignment_,
                  kMaxAlignment);
    return {};
  }

  Status Tensors() {
    for (uint64_t i = 0; i < tensor_count_; ++i) {
      auto name = Name(fmt::format("the name of tensor {}", i), GGML_MAX_NAME - 1);
      if (!name) return Forward(name);
      GgufTensor tensor;
      tensor.name = std::string(*name);
      if (Status s = Shape(tensor); !s) return s;
      if (!out_.tensor_index_.emplace(tensor.name, out_.tensors_.size()).second)
        return Fail(ErrorCode::kFile, "tensor '{}' appears twice", Printable(*name));
      out_.tensors_.push_back(std::move(tensor));
    }
    return {};
  }

  Status Shape(GgufTensor& tensor) {
    const std::string what = fmt::format("tensor '{}'", Printable(tensor.name));
    const uint32_t dims = in_.U32();
    if (!in_.ok()) return Truncated(what);
    if (dims < 1 || dims > 4)
      return Fail(ErrorCode::kFile, "{} has {} dimensions, expected 1 to 4", what, dims);
    tensor.dims = static_cast<int>(dims);
    for (uint32_t d = 0; d < dims; ++d) {
      const uint64_t extent = in_.U64();
      if (!in_.ok()) return Truncated(what);
      if (extent < 1 || extent > static_cast<uint64_t>(kMaxDimension))
        return Fail(ErrorCode::kFile, "{} has the extent {} in dimension {}", what, extent, d);
      tensor.shape[d] = static_cast<int64_t>(extent);
    }
    const uint32_t type = in_.U32();
    tensor.offset = in_.U64();
    if (!in_.ok()) return Truncated(what);
    return Size(what, type, tensor);
  }

  static Status Size(std::string_view what, uint32_t type, GgufTensor& tensor) {
    // Numbers of types that ggml dropped have a block size of 0.
    if (type >= GGML_TYPE_COUNT || ggml_blck_size(static_cast<ggml_type>(type)) <= 0 ||
        ggml_type_size(static_cast<ggml_type>(type)) == 0)
      return Fail(ErrorCode::kFile, "{} has the unknown data type {}", what, type);
    tensor.type = static_cast<ggml_type>(type);
    const int64_t block = ggml_blck_size(tensor.type);
    if (tensor.shape[0] % block != 0)
      return Fail(ErrorCode::kFile, "{} of type {} has rows of {}, not a multiple of {}", what,
                  ggml_type_name(tensor.type), tensor.shape[0], block);
    uint64_t bytes = static_cast<uint64_t>(tensor.shape[0] / block) * ggml_type_size(tensor.type);
    for (int d = 1; d < 4; ++d) {
      if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(tensor.shape[d]), &bytes) || bytes >> 62 != 0)
        return Fail(ErrorCode::kFile, "{} has the absurd shape {} x {} x {} x {}", what, tensor.shape[0],
                    tensor.shape[1], tensor.shape[2], tensor.shape[3]);
    }
    tensor.bytes = bytes;
    return {};
  }

  // Offsets count from the end of the header, padded; libllama insists on tensors one after the other, so do
  // we.
  Status Extents() {
    const uint64_t data = (At() + alignment_ - 1) / alignment_ * alignment_;
    uint64_t expected = 0;
    for (GgufTensor& tensor : out_.tensors_) {
      if (tensor.offset != expected)
        return Fail(ErrorCode::kFile, "tensor '{}' has the offset {}, expected {}", Printable(tensor.name),
                    tensor.offset, expected);
      if (data > file_.size() || tensor.offset > file_.size() - data ||
          tensor.bytes > file_.size() - data - tensor.offset)
        return Fail(
            ErrorCode::kFile, "tensor '{}' needs bytes {} to {} of a file of {} bytes: the file is truncated",
            Printable(tensor.name), data + tensor.offset, data + tensor.offset + tensor.bytes, file_.size());
      expected += (tensor.bytes + alignment_ - 1) / alignment_ * alignment_;
      tensor.offset += data;
    }
    return {};
  }

  ByteView file_;
  ByteReader in_;
  GgufHeader out_;
  uint64_t tensor_count_ = 0, value_count_ = 0;
  uint64_t alignment_ = 32;
};

Result<GgufHeader> GgufHeader::Parse(ByteView file) {
  return GgufParser(file).Run();
}

const GgufValue* GgufHeader::Find(std::string_view key) const {
  const auto it = value_index_.find(std::string(key));
  return it == value_index_.end() ? nullptr : &values_[it->second].second;
}

const GgufTensor* GgufHeader::FindTensor(std::string_view name) const {
  const auto it = tensor_index_.find(std::string(name));
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

Result<std::optional<int64_t>> GgufHeader::Int(std::string_view key, int64_t low, int64_t high) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<int64_t> n = AsInt(*value);
  if (!n) return Fail(ErrorCode::kFile, "metadata '{}' is not a whole number", key);
  if (*n < low || *n > high)
    return Fail(ErrorCode::kFile, "metadata '{}' is {}, expected {} to {}", key, *n, low, high);
  return n;
}

Result<std::optional<double>> GgufHeader::Float(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  double x = std::numeric_limits<double>::quiet_NaN();
  if (!value->is_array && value->type == GgufType::kF32) x = Load<float>(value->bytes);
  if (!value->is_array && value->type == GgufType::kF64) x = Load<double>(value->bytes);
  if (!std::isfinite(x)) return Fail(ErrorCode::kFile, "metadata '{}' is not a finite real number", key);
  return x;
}

Result<std::optional<bool>> GgufHeader::Bool(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array || value->type != GgufType::kBool)
    return Fail(ErrorCode::kFile, "metadata '{}' is not a boolean", key);
  return value->bytes[0] != 0;
}

Result<std::optional<std::string>> GgufHeader::String(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array || value->type != GgufType::kString)
    return Fail(ErrorCode::kFile, "metadata '{}' is not a string", key);
  return std::string(Text(value->bytes));
}

}  // namespace tandem
