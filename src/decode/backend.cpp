#include "decode/backend.h"

namespace tandem {

Result<std::unique_ptr<Backend>> Backend::Create(int threads) {
  std::unique_ptr<Backend> self(new Backend);
  ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  self->pool_.reset(ggml_threadpool_new(&params));
  self->cpu_.reset(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr));
  if (!self->pool_ || !self->cpu_)
    return Fail(ErrorCode::kResource, "ggml cannot start {} compute threads", threads);
  ggml_backend_cpu_set_n_threads(self->cpu_.get(), threads);
  ggml_backend_cpu_set_threadpool(self->cpu_.get(), self->pool_.get());
  return self;
}

Result<std::unique_ptr<Scratch>> Backend::NewScratch(size_t max_nodes) {
  ggml_backend_t backends[] = {cpu_.get()};
  const ggml_backend_sched_t sched = ggml_backend_sched_new(backends, nullptr, 1, max_nodes, false, true);
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
