// Activations that an edge has sent and no step has taken yet, of one text whose model is cut: rows of the
// positions [begin, end), decoded by the session's codec. Bounded by the text's context.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "codec/row_codec.h"
#include "wire/frame.h"

namespace tandem {

class RowBuffer {
 public:
  // context: positions that a text may have.
  RowBuffer(RowCodec codec, Pos begin, Pos context)
      : codec_(std::move(codec)), begin_(begin), end_(begin), context_(context) {}

  Pos end() const { return end_; }
  int width() const { return static_cast<int>(codec_.width()); }

  // The frame's rows, which must go on at end(); false when it holds none that are new (it came twice).
  // kProtocol for a gap, rows past the context, and bytes that are no rows of the codec.
  Result<bool> Append(const HiddenRows& frame);
  // [begin, end) of them, which must be here.
  std::span<const float> At(Pos begin, Pos end) const;
  void DropBefore(Pos position);
  void Truncate(Pos end);  // drops positions from `end` on; the next Append goes on there

 private:
  RowCodec codec_;
  Pos begin_, end_, context_;
  std::vector<float> rows_;
};

}  // namespace tandem
