// Any bytes as a drafted block of any shape: the decoder answers with a block of that shape that encodes to
// the same bytes, or with a sentence. The first bytes choose the shape.
#include <cstdlib>

#include "codec/sqs.h"

namespace {

tandem::SqsShape ShapeFrom(tandem::ByteReader& in) {
  tandem::SqsShape shape;
  shape.grid.vocab = static_cast<int32_t>(in.U32() % (2u * tandem::kMaxGridVocab));
  shape.grid.lattice = static_cast<int32_t>(in.U32() % (2u * tandem::kMaxLattice));
  shape.grid.max_ids = in.U8();
  shape.max_drafts = in.U8();
  return shape;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tandem;
  ByteReader in({data, size});
  const SqsShape shape = ShapeFrom(in);
  if (!in.ok() || !Check(shape)) return 0;
  const ByteView bytes = in.Raw(in.remaining());
  const Result<SqsBlock> block = DecodeSqs(bytes, shape);
  if (!block) {
    if (block.error().code != ErrorCode::kProtocol || block.error().message.empty()) std::abort();
    return 0;
  }
  if (!CheckDrafted(block->ids, block->laws, shape.grid)) std::abort();
  const Result<Bytes> again = EncodeSqs(*block, shape);
  if (!again || *again != Bytes(bytes.begin(), bytes.end())) std::abort();
  return 0;
}
