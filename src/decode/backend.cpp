// See backend.h.
#include "decode/backend.h"

#include <vector>

#include "model/device.h"

namespace tandem {

Result<std::unique_ptr<Backend>> Backend::Create(ggml_backend_dev_t device, int threads, bool adapt,
                                                 bool poll) {
  std::unique_ptr<Backend> self(new Backend(threads));
  self->adapt_ = adapt;
  self->poll_ = poll;
  self->cpu_.reset(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr));
  if (!self->cpu_) return Fail(ErrorCode::kResource, "ggml cannot start its CPU backend");
  if (!IsCpu(device)) {
    self->device_.reset(ggml_backend_dev_init(device, nullptr));
    if (!self->device_)
      return Fail(ErrorCode::kResource, "ggml cannot start its device {}", ggml_backend_dev_name(device));
  }
  if (Status s = self->StartThreads(adapt ? self->budget_.Now() : threads); !s) return Forward(s);
  return self;
}

void Backend::AdaptThreads() {
  if (!adapt_) return;
  // On failure the old pool goes on.
  if (const int threads = budget_.Now(); threads != threads_) (void)StartThreads(threads);
}

Status Backend::StartThreads(int threads) {
  ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  if (!poll_) params.poll = 0;
  std::unique_ptr<ggml_threadpool, PoolFree> pool(ggml_threadpool_new(&params));
  if (!pool) return Fail(ErrorCode::kResource, "ggml cannot start {} compute threads", threads);
  ggml_backend_cpu_set_n_threads(cpu_.get(), threads);
  ggml_backend_cpu_set_threadpool(cpu_.get(), pool.get());
  pool_ = std::move(pool);
  threads_ = threads;
  return {};
}

Result<std::unique_ptr<Scratch>> Backend::NewScratch(size_t max_nodes) {
  // In order of preference; the CPU is the last resort and must come last.
  std::vector<ggml_backend_t> backends;
  if (device_) backends.push_back(device_.get());
  backends.push_back(cpu_.get());
  const ggml_backend_sched_t sched = ggml_backend_sched_new(
      backends.data(), nullptr, static_cast<int>(backends.size()), max_nodes, false, true);
  if (sched == nullptr)
    return Fail(ErrorCode::kResource, "ggml cannot make a scheduler for {} graph nodes", max_nodes);
  return std::unique_ptr<Scratch>(new Scratch(sched));
}

Status Scratch::Allocate(ggml_cgraph* graph) {
  ggml_backend_sched_reset(sched_.get());
  if (ggml_backend_sched_alloc_graph(sched_.get(), graph)) return {};
  return Fail(ErrorCode::kResource, "cannot allocate scratch memory for a graph of {} nodes",
              ggml_graph_n_nodes(graph));
}

Status Scratch::Compute(ggml_cgraph* graph) {
  const ggml_status status = ggml_backend_sched_graph_compute(sched_.get(), graph);
  if (status == GGML_STATUS_SUCCESS) return {};
  return Fail(ErrorCode::kInternal, "ggml could not compute a step: {}", ggml_status_to_string(status));
}

}  // namespace tandem
