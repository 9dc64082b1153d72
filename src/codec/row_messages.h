// Rows of a text put into messages of a codec, at either end of a cut. What a message holds shows in the rows
// that come out of it wherever its rows share something, so where messages end is a function of positions
// alone, not of how rows were computed, grouped or sent again.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/types.h"
#include "codec/row_codec.h"
#include "codec/row_importance.h"

namespace tandem {

// Coded rows of the positions [first, end).
struct RowMessage {
  Pos first = 0, end = 0;
  Bytes block;
};

// Rows of positions from `first` on, which begin where a message may.
struct TextRows {
  std::span<const float> values;  // [rows, width of the codec], at least one row
  Pos first = 0;
  Pos alone_from = 0;  // rows from here on have messages of their own where the codec is not row-local
  // One finite figure >= 0 a row, or none. A row in a message of its own competes with nobody and needs none.
  std::span<const float> importance{};
};

// Unchanging once made: any number of threads may use one at once.
class RowMessages {
 public:
  // most_rows: of a message, 1 or more; halved until no message of so many takes more than most_bytes.
  // choice: which rows of a mix its share says (RowChoice).
  RowMessages(RowCodec codec, size_t most_rows, size_t most_bytes, RowChoice choice = RowChoice::kShare);

  // The rows' messages, in order. Errors as RowCodec::Encode.
  Result<std::vector<RowMessage>> Code(const TextRows& rows) const;

  const RowCodec& codec() const { return codec_; }

 private:
  Pos End(Pos at, Pos end, Pos alone_from) const;

  RowCodec codec_;
  Pos most_rows_;
  RowChoice choice_;
};

// One message whose less important rows are those that `choice` says: with kMass a mix's share is that of the
// importance they may hold. Errors as RowCodec::Encode and RowsToQuantise.
Result<Bytes> EncodeChosen(const RowCodec& codec, RowChoice choice, const RowsView& rows, Pos first,
                           std::span<const float> importance);

}  // namespace tandem
