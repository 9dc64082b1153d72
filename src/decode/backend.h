// ggml's backends for a model's device, the CPU's with a thread pool of its own among them, and schedulers
// that place graphs and their scratch memory.
//
// Between steps the pool's threads poll for a while and then sleep (ggml's poll level 50): waking them for
// every step would cost a small model a third of its speed. Beside other load it has fewer threads
// (decode/thread_budget.h). Where several backends of one process take turns, polling threads of the one that
// waits would take the cores from the one that computes: there they sleep at once.
#pragma once

#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml-cpu.h>

#include <memory>

#include "base/result.h"
#include "decode/thread_budget.h"

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
  // threads >= 1, the caller's included; `adapt`: fewer while others use the cores; `poll`: they poll between
  // steps. kResource when the device, threads or memory cannot be had.
  static Result<std::unique_ptr<Backend>> Create(ggml_backend_dev_t device, int threads, bool adapt,
                                                 bool poll = true);

  // Before a step: gives the pool as many threads as there are cores to spare.
  void AdaptThreads();

  // max_nodes bounds every graph that is placed there. kResource.
  Result<std::unique_ptr<Scratch>> NewScratch(size_t max_nodes);

 private:
  struct PoolFree {
    void operator()(ggml_threadpool* pool) const { ggml_threadpool_free(pool); }
  };

  explicit Backend(int threads) : budget_(threads) {}
  Status StartThreads(int threads);

  ThreadBudget budget_;
  bool adapt_ = true, poll_ = true;
  int threads_ = 0;
  std::unique_ptr<ggml_threadpool, PoolFree> pool_;  // outlives the backend that uses it
  ggml_backend_ptr cpu_;
  ggml_backend_ptr device_;  // null when the model's device is the CPU
};

}  // namespace tandem
