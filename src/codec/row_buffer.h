// Activations that have arrived and that no step has taken yet, of one text whose model is cut: rows of the
// positions [begin, end), decoded by the session's codec. Both ends of a cut have one. It holds no rows but
// those that can be of use: up to the text's end, as its user knows that, and `ahead` further.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/types.h"
#include "codec/row_codec.h"

namespace tandem {

class RowBuffer {
 public:
  // context: positions that a text may have. ahead: rows behind a text's end that may be of use, those of
  // drafts.
  RowBuffer(RowCodec codec, Pos begin, Pos context, Pos ahead)
      : codec_(std::move(codec)), begin_(begin), end_(begin), context_(context), ahead_(ahead) {}

  Pos end() const { return end_; }
  int width() const { return static_cast<int>(codec_.width()); }

  // Coded rows of the positions from `first` on, which must go on at end(); false when none of them is new
  // (they came twice). text: the text's length. kProtocol for a gap, rows that are further ahead and bytes
  // that are no rows of the codec, kContext for rows past the context. No message makes more floats than
  // MostBytes holds.
  Result<bool> Append(Pos first, ByteView block, Pos text);
  // [begin, end) of them, which must be here, instead of what `rows` holds.
  void Copy(Pos begin, Pos end, std::vector<float>& rows) const;
  void DropBefore(Pos position);
  void Truncate(Pos end);  // drops positions from `end` on; the next Append goes on there

  // That rows may come to take while the text has so many positions and none is dropped, the message that is
  // partly dropped not counted.
  size_t MostBytes(Pos text) const;

 private:
  struct Message {
    Pos first = 0;
    std::vector<float> rows;
  };

  Pos MostEnd(Pos text) const;
  Pos EndOf(const Message& message) const {
    return message.first + static_cast<Pos>(message.rows.size() / codec_.width());
  }

  RowCodec codec_;
  Pos begin_, end_, context_, ahead_;
  std::deque<Message> messages_;  // each as it was decoded; they follow each other up to end_
};

}  // namespace tandem
