// See row_buffer.h.
#include "codec/row_buffer.h"

#include <algorithm>

namespace tandem {

Pos RowBuffer::MostEnd(Pos text) const {
  return static_cast<Pos>(std::min<int64_t>(context_, int64_t{text} + ahead_));
}

Result<bool> RowBuffer::Append(Pos first, ByteView block, Pos text) {
  if (first > end_)
    return Fail(ErrorCode::kProtocol, "rows from position {} on, expected them from {} on", first, end_);
  if (first >= context_)
    return Fail(ErrorCode::kContext, "rows from position {} on do not fit the context of {}", first,
                context_);
  if (first >= MostEnd(text))
    return Fail(ErrorCode::kProtocol, "rows from position {} on, of use are those below {}", first,
                MostEnd(text));
  auto rows = codec_.Decode(block, std::min(static_cast<size_t>(MostEnd(text) - first), kMaxMessageRows));
  if (!rows) return Forward(rows);
  const auto count = static_cast<Pos>(rows->size() / codec_.width());
  if (first + count <= end_) return false;
  if (first != end_)
    return Fail(ErrorCode::kProtocol, "rows of positions {} to {}, those below {} are here", first,
                first + count, end_);
  messages_.push_back({first, std::move(*rows)});
  end_ += count;
  return true;
}

void RowBuffer::Copy(Pos begin, Pos end, std::vector<float>& rows) const {
  rows.clear();
  rows.reserve(static_cast<size_t>(end - begin) * codec_.width());
  for (const Message& message : messages_) {
    const Pos from = std::max(begin, message.first), to = std::min(end, EndOf(message));
    if (from >= to) continue;
    const auto place = [&](Pos position) {
      return message.rows.begin() + static_cast<std::ptrdiff_t>(position - message.first) * width();
    };
    rows.insert(rows.end(), place(from), place(to));
  }
}

void RowBuffer::DropBefore(Pos position) {
  begin_ = std::clamp(position, begin_, end_);
  while (!messages_.empty() && EndOf(messages_.front()) <= begin_) messages_.pop_front();
}

void RowBuffer::Truncate(Pos end) {
  if (end >= end_) return;
  begin_ = std::min(begin_, end);
  end_ = end;
  while (!messages_.empty() && messages_.back().first >= end) messages_.pop_back();
  if (messages_.empty()) return;
  Message& last = messages_.back();
  last.rows.resize(static_cast<size_t>(end - last.first) * codec_.width());
}

size_t RowBuffer::MostBytes(Pos text) const {
  const Pos rows = std::max<Pos>(0, MostEnd(text) - begin_);
  return static_cast<size_t>(rows) * codec_.width() * sizeof(float);
}

}  // namespace tandem
