// What a text takes where its model is cut, from what both halves, the link and the codec were measured to
// take: T_total of system 1's problem (docs/split.md, "Where to cut"), with a prompt whose blocks are under
// way, here and there at once. Pure arithmetic.
#pragma once

#include "decode/half_times.h"

namespace tandem {

// A model cut behind `begin` layers.
struct CutTimes {
  int begin = 0;
  HalfTimes edge{};   // embedding and layers [0, begin)
  HalfTimes cloud{};  // the others and the head
};

// Rows of one cut in one codec.
struct RowsCost {
  double prompt_bytes = 0;                          // a row of a block's message, in the mean
  double row_bytes = 0;                             // a message of one row
  double encode_us = 0, decode_us = 0;              // such a message
  double block_encode_us = 0, block_decode_us = 0;  // ... a block's
};

struct LinkTimes {
  double rtt_us = 0;             // of an empty message
  double up_bytes_per_us = 0;    // 0: no limit
  double down_bytes_per_us = 0;  // likewise
};

struct TextLength {
  int prompt = 1;  // ids, at least one
  int tokens = 1;  // to be written, at least one
};

struct SplitTimes {
  double first_us = 0;      // from the dialled connection to the first token
  double token_us = 0;      // each of the others
  double edge_busy_us = 0;  // of token_us, with the edge's processor at work

  // The mean over a text's tokens, the first one's wait for the prompt included.
  double MeanUs(int tokens) const { return (first_us + (tokens - 1) * token_us) / tokens; }
};

// A step of `rows` rows (1 to kBulkRows) in small nodes: linear through the two counts that were measured.
double StepUs(const HalfTimes& half, int rows);

// whole: all layers are at the edge, so that only rows that are judged leave.
SplitTimes PredictSplit(const CutTimes& cut, bool whole, const RowsCost& rows, const LinkTimes& link,
                        const TextLength& text);

}  // namespace tandem
