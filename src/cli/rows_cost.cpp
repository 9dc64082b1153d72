// See rows_cost.h.
#include "cli/rows_cost.h"

#include <vector>

#include "base/clock.h"
#include "base/philox.h"
#include "cli/statistics.h"
#include "decode/prefill.h"

namespace tandem {

namespace {

constexpr int kRounds = 9;

// Values between -1 and 1, with a first row that sticks out as a model's does.
std::vector<float> MadeUpRows(size_t rows, size_t width) {
  std::vector<float> values(rows * width);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint32_t word = Philox4x32({static_cast<uint32_t>(i), 0, 0, 0}, {1, 0})[0];
    values[i] = static_cast<float>(word) / 2147483648.0f - 1.0f;
    if (i < width) values[i] *= 8;
  }
  return values;
}

struct Message {
  double encode_us = 0, decode_us = 0;  // medians
  size_t bytes = 0;
};

Result<Message> Time(const RowCodec& codec, const std::vector<float>& rows) {
  const SteadyClock clock;
  const size_t count = rows.size() / codec.width();
  const std::vector<float> importance(count, 1.0f);
  Message timed;
  std::vector<double> encode, decode;
  for (int round = 0; round < kRounds; ++round) {
    const Micros begin = clock.Now();
    const auto message = codec.Encode({rows, codec.width()}, 1, importance);
    if (!message) return Forward(message);
    const Micros coded = clock.Now();
    if (const auto back = codec.Decode(*message, count); !back) return Forward(back);
    encode.push_back(static_cast<double>((coded - begin).count()));
    decode.push_back(static_cast<double>((clock.Now() - coded).count()));
    timed.bytes = message->size();
  }
  timed.encode_us = Median(encode);
  timed.decode_us = Median(decode);
  return timed;
}

}  // namespace

Result<RowsCost> MeasureRowsCost(const RowCodec& codec) {
  const auto row = Time(codec, MadeUpRows(1, codec.width()));
  if (!row) return Forward(row);
  const auto block = Time(codec, MadeUpRows(kBulkRows, codec.width()));
  if (!block) return Forward(block);
  return RowsCost{.prompt_bytes = static_cast<double>(block->bytes) / kBulkRows,
                  .row_bytes = static_cast<double>(row->bytes),
                  .encode_us = row->encode_us,
                  .decode_us = row->decode_us,
                  .block_encode_us = block->encode_us,
                  .block_decode_us = block->decode_us};
}

}  // namespace tandem
