// ggml's CPU backend with a thread pool of its own, and schedulers that place graphs and their scratch
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

// Memory for one graph's intermediate results, and the plan of where its nodes run. Grows to the largest
// graph it has held. Must not outlive its Backend.
class Scratch {
 public:
  Status Allocate(ggml_cgraph* graph);  // gives the graph's tensors memory; the graph before it is dead
  Status Compute(ggml_cgraph* graph);   // of the last Allocate

 private:
  friend class Backend;
  explicit Scratch(ggml_backend_sched_t sched) : sched_(sched) {}

  ggml_backend_sched_ptr sched_;
};

// One thread at a time.
class Backend {
 public:
  // threads >= 1, the caller's included. kResource when threads or memory cannot be had.
  static Result<std::unique_ptr<Backend>> Create(int threads);

  // max_nodes bounds every graph that is placed there. kResource.
  Result<std::unique_ptr<Scratch>> NewScratch(size_t max_nodes);

 private:
  struct PoolFree {
    void operator()(ggml_threadpool* pool) const { ggml_threadpool_free(pool); }
  };

  Backend() = default;

  std::unique_ptr<ggml_threadpool, PoolFree> pool_;  // outlives the backend that uses it
  ggml_backend_ptr cpu_;
};

}  // namespace tandem
