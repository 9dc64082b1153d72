// ggml's CPU backend with a thread pool of its own, behind a scheduler that places graphs and their scratch
// memory.
//
// The pool polls for a while between graph nodes and then sleeps (ggml's poll level 50): threads that only
// spin would collapse beside other load, threads that only sleep lose a third of the speed of small models.
#pragma once

#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml-cpu.h>

#include <memory>

#include "base/result.h"

namespace tandem {

// One thread at a time. A graph that was allocated stays valid until the next Allocate.
class Backend {
 public:
  // threads >= 1, the caller's included; max_nodes bounds every graph given to Allocate. kResource when
  // threads or memory cannot be had.
  static Result<std::unique_ptr<Backend>> Create(int threads, size_t max_nodes);

  Status Allocate(ggml_cgraph* graph);  // gives the graph's tensors memory; frees the former graph's
  Status Compute(ggml_cgraph* graph);   // of the last Allocate
  size_t scratch_bytes() const;

 private:
  struct PoolFree {
    void operator()(ggml_threadpool* pool) const { ggml_threadpool_free(pool); }
  };

  Backend() = default;

  std::unique_ptr<ggml_threadpool, PoolFree> pool_;  // outlives the backend that uses it
  ggml_backend_ptr cpu_;
  ggml_backend_sched_ptr sched_;
};

}  // namespace tandem
