// See row_buffer.h.
#include "codec/row_buffer.h"

#include <algorithm>

namespace tandem {

Result<bool> RowBuffer::Append(Pos first, ByteView block) {
  if (first > end_)
    return Fail(ErrorCode::kProtocol, "rows from position {} on, expected them from {} on", first, end_);
  const auto most = static_cast<size_t>(std::max<Pos>(0, context_ - first));
  if (most == 0)
    return Fail(ErrorCode::kContext, "rows from position {} on do not fit the context of {}", first,
                context_);
  const auto rows = codec_.Decode(block, std::min(most, kMaxMessageRows));
  if (!rows) return Forward(rows);
  const auto count = static_cast<Pos>(rows->size() / codec_.width());
  if (first + count <= end_) return false;
  if (first != end_)
    return Fail(ErrorCode::kProtocol, "rows of positions {} to {}, those below {} are here", first,
                first + count, end_);
  rows_.insert(rows_.end(), rows->begin(), rows->end());
  end_ += count;
  return true;
}

std::span<const float> RowBuffer::At(Pos begin, Pos end) const {
  const auto place = [this](Pos position) { return static_cast<size_t>(position - begin_) * codec_.width(); };
  return std::span(rows_).subspan(place(begin), place(end) - place(begin));
}

void RowBuffer::DropBefore(Pos position) {
  position = std::clamp(position, begin_, end_);
  const auto floats = static_cast<std::ptrdiff_t>(position - begin_) * static_cast<std::ptrdiff_t>(width());
  rows_.erase(rows_.begin(), rows_.begin() + floats);
  begin_ = position;
}

void RowBuffer::Truncate(Pos end) {
  if (end >= end_) return;
  begin_ = std::min(begin_, end);
  end_ = end;
  rows_.resize(static_cast<size_t>(end_ - begin_) * codec_.width());
}

}  // namespace tandem
