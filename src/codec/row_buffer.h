// Activations that have arrived and that no step has taken yet, of one text whose model is cut: rows of the
// positions [begin, end), decoded by the session's codec. Bounded by the text's context. Both ends of a cut
// have one.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/types.h"
#include "codec/row_codec.h"

namespace tandem {

class RowBuffer {
 public:
  // context: positions that a text may have.
  RowBuffer(RowCodec codec, Pos begin, Pos context)
      : codec_(std::move(codec)), begin_(begin), end_(begin), context_(context) {}

  Pos end() const { return end_; }
  int width() const { return static_cast<int>(codec_.width()); }

  // Coded rows of the positions from `first` on, which must go on at end(); false when none of them is new
  // (they came twice). kProtocol for a gap and bytes that are no rows of the codec, kContext for rows past
  // the context.
  Result<bool> Append(Pos first, ByteView block);
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
