// Writes a GGUF (version 3) as a stream: the header first, then the tensors' bytes in order, so that a model
// larger than memory can be written. The file appears under its name only when it is whole.
#pragma once

#include <ggml.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/gguf_metadata.h"

namespace tandem {

struct GgufTensorSpec {
  std::string name;  // 1 to 63 bytes
  ggml_type type = GGML_TYPE_F32;
  std::array<int64_t, 4> ne = {1, 1, 1, 1};  // row length first, in values

  size_t RowBytes() const { return ggml_row_size(type, ne[0]); }
  int64_t Rows() const { return ne[1] * ne[2] * ne[3]; }
  size_t Bytes() const { return RowBytes() * static_cast<size_t>(Rows()); }
};

// A whole header, padded to where the first tensor's bytes begin. "general.alignment" is left out: what is
// written here has GGUF's default.
Bytes GgufHeaderBytes(const GgufMetadata& metadata, const std::vector<GgufTensorSpec>& tensors);

// One thread at a time.
class GgufWriter {
 public:
  // kUsage for a tensor without a name or with a shape its type cannot have, kFile when `path` cannot be
  // written. Until Finish the data goes to a file beside `path`, which the destructor removes.
  static Result<GgufWriter> Create(const std::string& path, const GgufMetadata& metadata,
                                   std::vector<GgufTensorSpec> tensors);
  GgufWriter(GgufWriter&&) = default;
  GgufWriter& operator=(GgufWriter&&) = delete;
  ~GgufWriter();

  const std::vector<GgufTensorSpec>& tensors() const { return tensors_; }

  // The next bytes of the current tensor; when it is full the next one begins. One call must not cross two
  // tensors.
  Status Append(ByteView bytes);

  // kInternal when tensors are not full. Syncs nothing: a crash of the machine may lose the file, not spoil a
  // name.
  Status Finish();

 private:
  struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
  };

  GgufWriter(std::string path, std::vector<GgufTensorSpec> tensors)
      : path_(std::move(path)), tensors_(std::move(tensors)) {}
  Status Open();
  Status Write(ByteView bytes);
  Status Pad();  // with zeros, up to a multiple of kAlignment

  std::string path_, part_;
  std::vector<GgufTensorSpec> tensors_;
  std::unique_ptr<FILE, CloseFile> file_;
  size_t current_ = 0;    // tensor that Append fills
  size_t filled_ = 0;     // bytes of it
  uint64_t written_ = 0;  // bytes of the file
};

}  // namespace tandem
