// See zstd_wrap.h.
#include "codec/zstd_wrap.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

namespace tandem {
namespace {

constexpr uint8_t kStored = 0;
constexpr uint8_t kFrame = 1;
// Packed codes have no repeats to search for: what shrinks them is the entropy stage, which is the same at
// every level. The lowest costs least time.
constexpr int kLevel = 1;
// Shorter messages, a row of packed codes at a time, gain nothing at some widths and a seventh at most, and
// trying costs 2 to 12 % of the layer that made them (docs/codecs.md).
constexpr size_t kLeastTried = 1024;

struct Free {
  void operator()(ZSTD_CCtx* tables) const { ZSTD_freeCCtx(tables); }
  void operator()(ZSTD_DCtx* tables) const { ZSTD_freeDCtx(tables); }
};

Bytes Stored(ByteView message) {
  Bytes wrapped(1 + message.size());
  wrapped[0] = kStored;
  std::copy(message.begin(), message.end(), wrapped.begin() + 1);
  return wrapped;
}

Result<size_t> ContentSize(ByteView frame, size_t most) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
    return Fail(ErrorCode::kProtocol, "{} bytes of rows are no zstd frame with a size", frame.size());
  }
  if (size > most) {
    return Fail(ErrorCode::kProtocol, "a zstd frame of {} bytes of rows, at most {} can be", size, most);
  }
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) == frame.size())
    return static_cast<size_t>(size);
  return Fail(ErrorCode::kProtocol, "{} bytes of rows are not exactly one zstd frame", frame.size());
}

}  // namespace

Result<Bytes> Wrap(ByteView message) {
  if (message.size() < kLeastTried) return Stored(message);
  // Made anew for each message, zstd's tables would cost more than a message of one row. What they held does
  // not show in a frame.
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> tables(ZSTD_createCCtx());
  if (!tables) return Fail(ErrorCode::kResource, "no memory for zstd's tables");
  Bytes wrapped(1 + ZSTD_compressBound(message.size()));
  wrapped[0] = kFrame;
  const size_t size = ZSTD_compressCCtx(tables.get(), wrapped.data() + 1, wrapped.size() - 1, message.data(),
                                        message.size(), kLevel);
  if (ZSTD_isError(size)) {
    return Fail(ErrorCode::kResource, "zstd cannot compress {} bytes: {}", message.size(),
                ZSTD_getErrorName(size));
  }
  if (size >= message.size()) return Stored(message);
  wrapped.resize(1 + size);
  return wrapped;
}

Result<Bytes> Unwrap(ByteView wrapped, size_t most) {
  if (wrapped.empty() || wrapped[0] > kFrame) {
    return Fail(ErrorCode::kProtocol, "{} bytes of rows do not begin with 0 or 1", wrapped.size());
  }
  const ByteView rest = wrapped.subspan(1);
  if (wrapped[0] == kStored) return Bytes(rest.begin(), rest.end());
  const Result<size_t> size = ContentSize(rest, most);
  if (!size) return Forward(size);
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> tables(ZSTD_createDCtx());
  if (!tables) return Fail(ErrorCode::kResource, "no memory for zstd's tables");
  Bytes content(*size);
  const size_t got =
      ZSTD_decompressDCtx(tables.get(), content.data(), content.size(), rest.data(), rest.size());
  if (got == content.size()) return content;  // an error's code is larger than any size
  return Fail(ErrorCode::kProtocol, "a zstd frame of {} bytes of rows is broken", rest.size());
}

}  // namespace tandem
