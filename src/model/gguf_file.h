// The front door for model files: everything that is wrong with a file is found here and said in one
// sentence, before ggml or libllama read it (their readers assert on some contents and allocate what a header
// asks for).
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "model/gguf_header.h"
#include "model/hparams.h"
#include "model/mapped_file.h"

namespace tandem {

// An open, mapped file whose header was parsed. Immutable; shared by the model and its vocabulary.
class GgufFile {
 public:
  GgufFile(std::shared_ptr<const MappedFile> file, GgufHeader header)
      : file_(std::move(file)), header_(std::move(header)) {}

  const std::string& path() const { return file_->path(); }
  ByteView bytes() const { return file_->bytes(); }
  const std::shared_ptr<const MappedFile>& file() const { return file_; }
  const GgufHeader& header() const { return header_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  GgufHeader header_;
};

// Opens a GGUF of any architecture and checks its structure. kFile: missing, a directory, another format
// (.safetensors is named), truncated, tensor data past the end, absurd counts; the message starts with the
// path.
Result<GgufFile> OpenGguf(const std::string& path);

// Everything that Model::Load and Vocab::Load check before they hand bytes to ggml and libllama: structure,
// architecture, hyper-parameters, tensor shapes, vocabulary. For fuzzing and for `tandem model show`; needs
// no file.
Status CheckGguf(ByteView file);

// The part of CheckGguf after the structure. kModel for a model this program cannot run, kFile for a damaged
// one. A part of a model (model/model_part.h) is let through, checked for its own stages.
Result<Hparams> CheckModel(const GgufHeader& header);

// The same for who needs every tensor: kModel for a part, saying what it holds.
Result<Hparams> CheckWholeModel(const GgufHeader& header);

}  // namespace tandem
