// See split_times.h.
#include "edge/split_times.h"

#include <algorithm>

#include "decode/prefill.h"

namespace tandem {

namespace {

// Frames around the rows, in bytes above TCP: WebSocket's and our own header of HiddenRows, and a Verdict.
constexpr double kRowsFrame = 14, kVerdictFrame = 12;
// Hello to Welcome, Open to Opened, and the first row that is judged to its verdict.
constexpr int kTripsToFirst = 3;

double Carried(double bytes, double bytes_per_us) {
  return bytes_per_us > 0 ? bytes / bytes_per_us : 0;
}

// A prompt's rows pass edge, link and cloud, each of which takes up a block when it is done with the one
// before.
double PipeUs(const CutTimes& cut, bool whole, const RowsCost& rows, const LinkTimes& link, int count) {
  double edge = 0, line = 0, cloud = 0;
  for (int at = 0; at < count; at += kBulkRows) {
    const int block = std::min<int>(kBulkRows, count - at);
    const bool bulk = block == kBulkRows;
    const double share = static_cast<double>(block) / kBulkRows;
    edge += (bulk ? cut.edge.block_us : StepUs(cut.edge, block)) + (whole ? 0 : share * rows.block_encode_us);
    if (whole) continue;
    line = std::max(edge, line) + Carried(rows.prompt_bytes * block + kRowsFrame, link.up_bytes_per_us);
    cloud = std::max(line, cloud) + share * rows.block_decode_us +
            (bulk ? cut.cloud.block_us : StepUs(cut.cloud, block));
  }
  return std::max(edge, cloud);
}

}  // namespace

double StepUs(const HalfTimes& half, int rows) {
  const double each = std::max(0.0, (half.tail_us - half.row_us) / (kTailRows - 1));
  return half.row_us + each * (rows - 1);
}

SplitTimes PredictSplit(const CutTimes& cut, bool whole, const RowsCost& rows, const LinkTimes& link,
                        const TextLength& text) {
  SplitTimes times;
  const double line_us = Carried(rows.row_bytes + kRowsFrame, link.up_bytes_per_us) +
                         Carried(kVerdictFrame, link.down_bytes_per_us);
  times.edge_busy_us = cut.edge.row_us + rows.encode_us;
  times.token_us = times.edge_busy_us + rows.decode_us + cut.cloud.row_us + link.rtt_us + line_us;
  times.first_us = (kTripsToFirst - 1) * link.rtt_us +
                   PipeUs(cut, whole, rows, link, std::max(0, text.prompt - 1)) + times.token_us;
  return times;
}

}  // namespace tandem
