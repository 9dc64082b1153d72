// libllama's decoder for comparison, see llama_peer.h.
#include "cli/llama_peer.h"

#include <ggml-cpu.h>
#include <llama-cpp.h>
#include <llama.h>

#include <mutex>

namespace tandem {
namespace {

struct FreePool {
  void operator()(ggml_threadpool* pool) const { ggml_threadpool_free(pool); }
};
using PoolPtr = std::unique_ptr<ggml_threadpool, FreePool>;

struct Batch {
  explicit Batch(int rows) : batch(llama_batch_init(rows, 0, 1)) {}
  ~Batch() { llama_batch_free(batch); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  llama_batch batch;
};

// libllama keeps one log callback for the process and needs its backends registered once.
void PrepareLlama() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_backend_init();
  });
}

llama_context_params ContextParams(const LlamaPeerOptions& options) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(options.context);
  params.n_batch = params.n_ubatch = static_cast<uint32_t>(options.max_rows);
  params.n_seq_max = 1;
  params.n_threads = params.n_threads_batch = options.threads;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  params.type_k = params.type_v = GGML_TYPE_F16;
  params.no_perf = true;
  return params;
}

}  // namespace

struct LlamaPeer::State {
  explicit State(int n) : rows(n), max_rows(n) {}

  // Destroyed from the last: the context before its thread pool and model.
  llama_model_ptr model;
  PoolPtr pool;
  llama_context_ptr context;
  Batch rows;
  int max_rows, vocab_rows = 0;
  Pos length = 0;
};

LlamaPeer::LlamaPeer(std::unique_ptr<State> state) : state_(std::move(state)) {}
LlamaPeer::~LlamaPeer() = default;
int LlamaPeer::vocab_rows() const {
  return state_->vocab_rows;
}
Pos LlamaPeer::length() const {
  return state_->length;
}
Pos LlamaPeer::context() const {
  return static_cast<Pos>(llama_n_ctx(state_->context.get()));
}

Result<std::unique_ptr<LlamaPeer>> LlamaPeer::Load(const std::string& path, const LlamaPeerOptions& options) {
  PrepareLlama();
  auto state = std::make_unique<State>(options.max_rows);
  llama_model_params model_params = llama_model_default_params();
  model_params.use_extra_bufts = options.repack;
  state->model.reset(llama_model_load_from_file(path.c_str(), model_params));
  if (state->model == nullptr) return Fail(ErrorCode::kModel, "libllama does not load {}", path);
  state->vocab_rows = llama_vocab_n_tokens(llama_model_get_vocab(state->model.get()));

  ggml_threadpool_params pool_params = ggml_threadpool_params_default(options.threads);
  state->pool.reset(ggml_threadpool_new(&pool_params));
  state->context.reset(llama_init_from_model(state->model.get(), ContextParams(options)));
  if (state->pool == nullptr || state->context == nullptr) {
    return Fail(ErrorCode::kResource, "libllama makes no context of {} positions for {}", options.context,
                path);
  }
  llama_attach_threadpool(state->context.get(), state->pool.get(), nullptr);
  return std::unique_ptr<LlamaPeer>(new LlamaPeer(std::move(state)));
}

Result<std::span<const float>> LlamaPeer::Append(std::span<const Token> tokens, int logits) {
  const int n = static_cast<int>(tokens.size());
  if (n < 1 || n > state_->max_rows || logits < 0 || logits > n) {
    return Fail(ErrorCode::kUsage, "{} rows with {} logits in a batch of {}", n, logits, state_->max_rows);
  }
  llama_batch& batch = state_->rows.batch;
  batch.n_tokens = n;
  for (int i = 0; i < n; ++i) {
    batch.token[i] = tokens[static_cast<size_t>(i)];
    batch.pos[i] = state_->length + i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = i >= n - logits;
  }
  if (const int rc = llama_decode(state_->context.get(), batch); rc != 0) {
    return Fail(ErrorCode::kInternal, "llama_decode gave {} for {} rows at {}", rc, n, state_->length);
  }
  state_->length += n;
  const float* rows = logits > 0 ? llama_get_logits(state_->context.get()) : nullptr;
  return std::span<const float>(rows, static_cast<size_t>(logits) * static_cast<size_t>(state_->vocab_rows));
}

void LlamaPeer::Truncate(Pos length) {
  llama_memory_seq_rm(llama_get_memory(state_->context.get()), 0, length, -1);
  state_->length = length;
}

}  // namespace tandem
