// Any bytes into Decode: it answers with a frame or a sentence, and a frame that it took says the same when
// it is sent on.
#include <cstdlib>

#include "wire/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tandem;
  const Result<Frame> frame = Decode({data, size});
  if (!frame) {
    if (frame.error().code != ErrorCode::kProtocol || frame.error().message.empty()) std::abort();
    return 0;
  }
  const Bytes bytes = Encode(*frame);
  const Result<Frame> again = Decode(bytes);
  if (!again || again->index() != frame->index()) std::abort();
  if (Encode(*again) != bytes) std::abort();  // bytes, not structs: a float may be a NaN
  return 0;
}
