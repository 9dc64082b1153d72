// See kv_cache.h.
#include "decode/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>

#include "model/device.h"

namespace tandem {

namespace {

constexpr int kRowPadding = 256;  // libllama pads the same, so that both attend over equal shapes

int PadTo(int n, int multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace

size_t KvLayout::RowBytes() const {
  return 2 * static_cast<size_t>(layers) * ggml_row_size(GGML_TYPE_F16, kv_width);
}

void UnmapPages::operator()(void* base) const {
  munmap(base, bytes);
}

Result<SeqId> KvCache::Open() {
  if (static_cast<int>(slots_.size()) >= layout_.sequences)
    return Fail(ErrorCode::kBusy, "all {} sequences of the engine are open", layout_.sequences);
  Slot slot;
  if (Status s = Allocate(slot); !s) return Forward(s);
  // Ids are not reused while 2^31 others come and go, so that a stale id is noticed.
  SeqId seq = 0;
  do {
    seq = static_cast<SeqId>(opened_++ & 0x7fffffff);
  } while (slots_.contains(seq));
  slots_.emplace(seq, std::move(slot));
  return seq;
}

// Anonymous pages: zero when first read and resident only when written, so an open sequence costs what it
// holds. A GPU has no such pages.
Status KvCache::Reserve(Slot& slot, size_t bytes) const {
  if (!IsCpu(layout_.device)) {
    slot.buffer.reset(ggml_backend_buft_alloc_buffer(ggml_backend_dev_buffer_type(layout_.device), bytes));
    if (slot.buffer) ggml_backend_buffer_clear(slot.buffer.get(), 0);
  } else {
    void* base =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
      return Fail(ErrorCode::kResource, "cannot reserve {} bytes for the cache of a sequence", bytes);
    slot.memory = std::unique_ptr<void, UnmapPages>(base, UnmapPages{bytes});
    slot.buffer.reset(ggml_backend_dev_buffer_from_host_ptr(layout_.device, base, bytes, bytes));
  }
  if (!slot.buffer) return Fail(ErrorCode::kResource, "ggml cannot use a cache of {} bytes", bytes);
  return {};
}

Status KvCache::Allocate(Slot& slot) const {
  if (layout_.layers == 0) return {};
  const int rows = PaddedRows(layout_.context);
  const size_t tensor_bytes = ggml_row_size(GGML_TYPE_F16, layout_.kv_width) * static_cast<size_t>(rows);
  const size_t align =
      std::max<size_t>(64, ggml_backend_buft_get_alignment(ggml_backend_dev_buffer_type(layout_.device)));
  const size_t stride = (tensor_bytes + align - 1) / align * align;
  if (Status s = Reserve(slot, stride * 2 * static_cast<size_t>(layout_.layers)); !s) return s;
  slot.tensors.reset(
      ggml_init({2 * static_cast<size_t>(layout_.layers) * ggml_tensor_overhead(), nullptr, true}));
  if (!slot.tensors) return Fail(ErrorCode::kResource, "ggml cannot describe {} layers", layout_.layers);
  auto* at = static_cast<uint8_t*>(ggml_backend_buffer_get_base(slot.buffer.get()));
  for (int i = 0; i < 2 * layout_.layers; ++i, at += stride) {
    ggml_tensor* tensor = ggml_new_tensor_2d(slot.tensors.get(), GGML_TYPE_F16, layout_.kv_width, rows);
    ggml_backend_tensor_alloc(slot.buffer.get(), tensor, at);
    (i % 2 == 0 ? slot.keys : slot.values).push_back(tensor);
  }
  return {};
}

void KvCache::Close(SeqId seq) {
  slots_.erase(seq);
}

Pos KvCache::Length(SeqId seq) const {
  const auto it = slots_.find(seq);
  return it == slots_.end() || it->second.positions.empty() ? 0 : it->second.positions.back() + 1;
}

int KvCache::Rows(SeqId seq) const {
  const auto it = slots_.find(seq);
  return it == slots_.end() ? 0 : static_cast<int>(it->second.positions.size());
}

void KvCache::Append(SeqId seq, Pos first, int rows) {
  auto& positions = slots_.at(seq).positions;
  for (Pos p = first; p < first + rows; ++p) positions.push_back(p);
}

void KvCache::Truncate(SeqId seq, Pos length) {
  auto& positions = slots_.at(seq).positions;
  positions.erase(std::lower_bound(positions.begin(), positions.end(), length), positions.end());
}

void KvCache::Copy(SeqId from_seq, Pos length, SeqId to_seq) {
  const Slot& from = slots_.at(from_seq);
  Slot& to = slots_.at(to_seq);
  const auto begin = std::lower_bound(from.positions.begin(), from.positions.end(), Length(to_seq));
  const auto end = std::lower_bound(begin, from.positions.end(), length);
  const size_t row = ggml_row_size(GGML_TYPE_F16, layout_.kv_width);
  const size_t source_at = row * static_cast<size_t>(begin - from.positions.begin());
  const size_t target_at = row * to.positions.size();
  // Through the host: a copy within a device would need a graph of its own.
  std::vector<uint8_t> rows(row * static_cast<size_t>(end - begin));
  const auto copy_rows = [&](const ggml_tensor* source, ggml_tensor* target) {
    ggml_backend_tensor_get(source, rows.data(), source_at, rows.size());
    ggml_backend_tensor_set(target, rows.data(), target_at, rows.size());
  };
  for (size_t layer = 0; layer < from.keys.size() && !rows.empty(); ++layer) {
    copy_rows(from.keys[layer], to.keys[layer]);
    copy_rows(from.values[layer], to.values[layer]);
  }
  to.positions.insert(to.positions.end(), begin, end);
}

ggml_tensor* KvCache::keys(SeqId seq, int layer) const {
  return slots_.at(seq).keys[static_cast<size_t>(layer)];
}

ggml_tensor* KvCache::values(SeqId seq, int layer) const {
  return slots_.at(seq).values[static_cast<size_t>(layer)];
}

int KvCache::PaddedRows(int rows) const {
  return PadTo(std::clamp(rows, 1, layout_.context), kRowPadding);
}

void KvCache::FillMask(SeqId seq, int rows, int columns, std::span<ggml_fp16_t> mask) const {
  const ggml_fp16_t look = ggml_fp32_to_fp16(0.0f), hide = ggml_fp32_to_fp16(-INFINITY);
  const int cached = Rows(seq);
  for (int row = 0; row < rows; ++row) {
    ggml_fp16_t* out = mask.data() + static_cast<size_t>(row) * static_cast<size_t>(columns);
    std::fill(out, out + cached + row + 1, look);
    std::fill(out + cached + row + 1, out + columns, hide);
  }
}

}  // namespace tandem
