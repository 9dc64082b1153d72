// See weight_store.h.
#include "model/weight_store.h"

#include <algorithm>

#include "model/device.h"

namespace tandem {

namespace {

constexpr size_t kAlignment = 32;  // what ggml's CPU kernels expect of tensor data
constexpr size_t kPage = 4096;

ggml_context_ptr MetadataContext(size_t max_tensors) {
  // no_alloc: the context holds descriptions only.
  return ggml_context_ptr(ggml_init({max_tensors * ggml_tensor_overhead(), nullptr, true}));
}

// Buffer types beside the default one in which the CPU backend keeps weights in faster layouts; best first.
std::vector<ggml_backend_buffer_type_t> RepackTypes() {
  std::vector<ggml_backend_buffer_type_t> types;
  const ggml_backend_dev_t cpu = CpuDevice();
  const auto get = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(ggml_backend_reg_get_proc_address(
      ggml_backend_dev_backend_reg(cpu), "ggml_backend_dev_get_extra_bufts"));
  if (get == nullptr) return types;
  for (ggml_backend_buffer_type_t* type = get(cpu); type != nullptr && *type != nullptr; ++type)
    types.push_back(*type);
  return types;
}

// The backend says whether it multiplies a weight of this type and shape out of that buffer type.
bool CanMultiply(ggml_backend_dev_t device, ggml_backend_buffer_type_t type, const GgufTensor& source) {
  const ggml_context_ptr scratch = MetadataContext(4);
  ggml_tensor* weight = ggml_new_tensor_2d(scratch.get(), source.type, source.shape[0], source.shape[1]);
  ggml_tensor* rows = ggml_new_tensor_2d(scratch.get(), GGML_TYPE_F32, source.shape[0], 512);
  ggml_tensor* product = ggml_mul_mat(scratch.get(), weight, rows);
  const ggml_backend_buffer_ptr empty(ggml_backend_buft_alloc_buffer(type, 0));
  weight->buffer = empty.get();
  return ggml_backend_dev_supports_op(device, product);
}

// The embedding stays with the CPU, as in llama.cpp: looking up rows is cheap there, and the table is large.
bool BelongsOnDevice(ggml_backend_dev_t device, const TensorWish& wish, const GgufTensor& source) {
  if (IsCpu(device) || wish.use == TensorUse::kLookup) return false;
  return wish.use == TensorUse::kVector || CanMultiply(device, ggml_backend_dev_buffer_type(device), source);
}

// Where a tensor goes; null means the mapping.
ggml_backend_buffer_type_t BufferTypeOf(const WeightPlacement& placement, const TensorWish& wish,
                                        const GgufTensor& source,
                                        const std::vector<ggml_backend_buffer_type_t>& repack_types) {
  if (BelongsOnDevice(placement.device, wish, source)) return ggml_backend_dev_buffer_type(placement.device);
  if (wish.use == TensorUse::kMatrix) {
    for (ggml_backend_buffer_type_t type : repack_types) {
      if (CanMultiply(CpuDevice(), type, source)) return type;
    }
  }
  return placement.mmap && source.offset % kAlignment == 0 ? nullptr : ggml_backend_cpu_buffer_type();
}

}  // namespace

bool WeightStore::IsRepacked(const ggml_tensor* tensor) {
  if (tensor->buffer == nullptr || ggml_backend_buffer_is_host(tensor->buffer)) return false;
  return IsCpu(ggml_backend_buft_get_device(ggml_backend_buffer_get_type(tensor->buffer)));
}

WeightStore::Group& WeightStore::GroupOf(ggml_backend_buffer_type_t type, size_t max_tensors) {
  for (Group& group : groups_) {
    if (group.type == type) return group;
  }
  groups_.push_back({type, MetadataContext(max_tensors), nullptr, {}});
  return groups_.back();
}

Result<std::unique_ptr<WeightStore>> WeightStore::Load(std::shared_ptr<const MappedFile> file,
                                                       const GgufHeader& header, const TensorWishes& wishes,
                                                       const WeightPlacement& placement) {
  std::unique_ptr<WeightStore> store(new WeightStore(std::move(file)));
  const auto repack_types = placement.repack ? RepackTypes() : std::vector<ggml_backend_buffer_type_t>{};
  for (const TensorWish& wish : wishes) {
    const GgufTensor* source = SourceOf(header, wish);
    if (source == nullptr) continue;  // optional and absent
    Group& group = store->GroupOf(BufferTypeOf(placement, wish, *source, repack_types), wishes.size());
    ggml_tensor* tensor =
        ggml_new_tensor(group.tensors.get(), source->type, source->dims, source->shape.data());
    ggml_set_name(tensor, wish.name.c_str());
    group.sources.emplace_back(tensor, source);
    *wish.slot = tensor;
  }
  // The mapping first: a source that is both mapped (tied embedding) and repacked is then read once.
  for (Group& group : store->groups_) {
    if (Status s = group.type == nullptr ? store->Map(group) : store->Copy(group); !s) return Forward(s);
    ggml_backend_buffer_set_usage(group.buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  }
  return store;
}

// One buffer over the part of the file between the first and the last tensor.
Status WeightStore::Map(Group& group) {
  size_t begin = file_->bytes().size(), end = 0;
  for (const auto& [tensor, source] : group.sources) {
    begin = std::min<size_t>(begin, source->offset);
    end = std::max<size_t>(end, source->offset + source->bytes);
  }
  begin = begin / kPage * kPage;
  auto* base =
      const_cast<uint8_t*>(file_->bytes().data());  // ggml's API is not const; weights are never written
  group.buffer.reset(
      ggml_backend_dev_buffer_from_host_ptr(CpuDevice(), base + begin, end - begin, end - begin));
  if (!group.buffer) return Fail(ErrorCode::kResource, "ggml cannot use a mapping of {} bytes", end - begin);
  for (const auto& [tensor, source] : group.sources) {
    ggml_backend_tensor_alloc(group.buffer.get(), tensor, base + source->offset);
    file_->WillNeed(source->offset, source->bytes);
    mapped_bytes_ += source->bytes;
  }
  return {};
}

// Copies tensor by tensor and gives the file's pages back as it goes, so that both forms are never resident
// at once.
Status WeightStore::Copy(Group& group) {
  group.buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(group.tensors.get(), group.type));
  if (!group.buffer)
    return Fail(ErrorCode::kResource, "cannot allocate memory for {} weights", group.sources.size());
  for (const auto& [tensor, source] : group.sources) {
    ggml_backend_tensor_set(tensor, file_->bytes().data() + source->offset, 0, source->bytes);
    file_->Release(source->offset, source->bytes);
  }
  copied_bytes_ += ggml_backend_buffer_get_size(group.buffer.get());
  return {};
}

}  // namespace tandem
