// Keys and values of the rows that sequences have computed. The layout is this room's business: today each
// open sequence has a contiguous slot of F16 rows on the model's device, one tensor of keys and one of values
// a layer.
//
// Every row carries its position, apart from the place where it lies: rows are kept in ascending order of
// position, and a sequence's length (its next position) and its number of rows are two questions. Gather,
// remove-range, export and import of rows belong here, on Slot's tensors and positions, as Copy shows.
#pragma once

#include <ggml-backend.h>
#include <ggml-cpp.h>

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "decode/engine.h"

namespace tandem {

struct KvLayout {
  int layers = 0;     // of the loaded range, may be 0
  int kv_width = 0;   // elements of a key or value row
  Pos context = 0;    // rows a sequence can hold
  int sequences = 1;  // open at once
  ggml_backend_dev_t device = nullptr;

  size_t RowBytes() const;  // of one position: keys and values of all layers
};

// Deleter of anonymous pages.
struct UnmapPages {
  size_t bytes = 0;
  void operator()(void* base) const;
};

// One thread at a time.
class KvCache {
 public:
  explicit KvCache(const KvLayout& layout) : layout_(layout) {}

  // A new empty sequence. On the CPU its memory is taken from the system page by page as rows are written, on
  // another device all at once. kBusy, kResource.
  Result<SeqId> Open();
  void Close(SeqId seq);  // gives the memory back; unknown ids are ignored

  bool IsOpen(SeqId seq) const { return slots_.contains(seq); }
  Pos Length(SeqId seq) const;  // the next position; 0 for an unknown sequence
  int Rows(SeqId seq) const;    // cached rows; a new one is written at this index
  Pos context() const { return layout_.context; }

  void Append(SeqId seq, Pos first,
              int rows);                 // after the rows were written: positions first, first + 1, ...
  void Truncate(SeqId seq, Pos length);  // forgets positions >= length
  // Appends to `to` copies of the rows of `from` at positions Length(to)..length.
  void Copy(SeqId from, Pos length, SeqId to);

  // Tensors of an open sequence, [kv_width, rows] F16; the layer counts from the range's first. Rows past
  // Length hold finite numbers (zeros or forgotten rows), so that a masked row never turns into NaN.
  ggml_tensor* keys(SeqId seq, int layer) const;
  ggml_tensor* values(SeqId seq, int layer) const;

  // Rows that an attention node over `length` rows reads: a multiple of 256, so that graphs can be reused
  // while a sequence grows; at most the rows of a slot.
  int PaddedRows(int rows) const;
  // Attention mask of `rows` rows about to be appended, over `columns` cached rows (PaddedRows): 0 where a
  // row may look (every cached row, itself and the new rows before it), -inf elsewhere. `mask` holds rows *
  // columns F16 values.
  void FillMask(SeqId seq, int rows, int columns, std::span<ggml_fp16_t> mask) const;

 private:
  struct Slot {
    std::unique_ptr<void, UnmapPages> memory;  // outlives buffer and tensors; null on a device
    ggml_context_ptr tensors;
    ggml_backend_buffer_ptr buffer;
    std::vector<ggml_tensor*> keys, values;
    std::vector<Pos> positions;  // of the rows written, ascending
  };

  Status Allocate(Slot& slot) const;
  Status Reserve(Slot& slot, size_t bytes) const;

  KvLayout layout_;
  std::unordered_map<SeqId, Slot> slots_;
  uint32_t opened_ = 0;
};

}  // namespace tandem
