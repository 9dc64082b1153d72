// See row_messages.h.
#include "codec/row_messages.h"

#include <algorithm>

namespace tandem {

RowMessages::RowMessages(RowCodec codec, size_t most_rows, size_t most_bytes, RowChoice choice)
    : codec_(std::move(codec)),
      most_rows_(static_cast<Pos>(codec_.RowsThatFit(most_rows, most_bytes))),
      choice_(choice) {}

Pos RowMessages::End(Pos at, Pos end, Pos alone_from) const {
  if (codec_.RowLocal()) return std::min(end, at + most_rows_);
  return at >= alone_from ? at + 1 : std::min({end, at + most_rows_, alone_from});
}

Result<std::vector<RowMessage>> RowMessages::Code(const TextRows& rows) const {
  constexpr float kAlone[] = {1.0f};
  const size_t width = codec_.width(), total = rows.values.size() / width;
  if (!rows.importance.empty() && rows.importance.size() != total)
    return Fail(ErrorCode::kUsage, "{} figures of importance for {} rows", rows.importance.size(), total);
  const Pos end = rows.first + static_cast<Pos>(total);
  std::vector<RowMessage> messages;
  for (Pos at = rows.first; at < end;) {
    const Pos next = End(at, end, rows.alone_from);
    const auto from = static_cast<size_t>(at - rows.first), count = static_cast<size_t>(next - at);
    std::span<const float> importance = rows.importance;
    if (!importance.empty()) importance = importance.subspan(from, count);
    if (count == 1) importance = kAlone;
    const RowsView view{rows.values.subspan(from * width, count * width), width};
    auto block = EncodeChosen(codec_, choice_, view, at, importance);
    if (!block) return Forward(block);
    messages.push_back({at, next, std::move(*block)});
    at = next;
  }
  return messages;
}

Result<Bytes> EncodeChosen(const RowCodec& codec, RowChoice choice, const RowsView& rows, Pos first,
                           std::span<const float> importance) {
  if (choice == RowChoice::kShare || codec.spec().mix != RowMix::kRatio)
    return codec.Encode(rows, first, importance);
  const auto low = RowsToQuantise(choice, importance, codec.spec().share);
  if (!low) return Forward(low);
  const auto count = std::count(low->begin(), low->end(), uint8_t{1});
  const double share = low->empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(low->size());
  std::vector<float> order(low->size());  // figures of which the flagged rows' are the lowest
  std::transform(low->begin(), low->end(), order.begin(), [](uint8_t is) { return is != 0 ? 0.0f : 1.0f; });
  return codec.WithShare(share).Encode(rows, first, order);
}

}  // namespace tandem
