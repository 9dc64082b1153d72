// Where equality of ggml's CPU kernels ends, measured on the machine at hand: which products and attention
// nodes give a row the same bits whatever rows stand beside it. decode/row_rule.h, decode/step_plan.h and
// decode/prefill.h are built on this table; a new ggml or another CPU that breaks it fails here with a
// sentence that says what differs.
#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml-cpu.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "decode/prefill.h"
#include "decode/row_rule.h"
#include "decode/step_plan.h"
#include "model/random_values.h"
#include "testing/engine_runs.h"

namespace tandem::testing {
namespace {

// One operation on the CPU backend. Tensors are made in `context`, then given memory by Run.
class CpuOperation {
 public:
  explicit CpuOperation(int threads) : backend_(ggml_backend_cpu_init()) {
    ggml_backend_cpu_set_n_threads(backend_.get(), threads);
    context_.reset(ggml_init({ggml_tensor_overhead() * 16 + ggml_graph_overhead(), nullptr, true}));
  }

  ggml_context* context() { return context_.get(); }

  // `fill` sets the inputs once they have memory.
  Rows Run(ggml_tensor* output, const std::function<void()>& fill) {
    ggml_cgraph* graph = ggml_new_graph(context());
    ggml_build_forward_expand(graph, output);
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context(), backend_.get()));
    fill();
    EXPECT_EQ(ggml_backend_graph_compute(backend_.get(), graph), GGML_STATUS_SUCCESS);
    Rows rows(static_cast<size_t>(ggml_nelements(output)));
    ggml_backend_tensor_get(output, rows.data(), 0, ggml_nbytes(output));
    return rows;
  }

 private:
  ggml_backend_ptr backend_;
  ggml_context_ptr context_;
};

std::vector<float> Gaussian(uint32_t tensor, int64_t n) {
  std::vector<float> values(static_cast<size_t>(n));
  FillGaussian(1, tensor, 0, 1.0f, values);
  return values;
}

// ---- Matrix products ----

constexpr int64_t kIn = 512, kOut = 128;
constexpr int kMostRows = 640;  // beyond the batcher's largest step of 512

// A weight in the layout of the file or, when the CPU has one for it, repacked.
class Weight {
 public:
  static std::unique_ptr<Weight> Make(ggml_type type, bool repacked) {
    auto weight = std::unique_ptr<Weight>(new Weight(type));
    ggml_backend_buffer_type_t layout = repacked ? weight->RepackedLayout() : ggml_backend_cpu_buffer_type();
    if (layout == nullptr) return nullptr;
    weight->buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(weight->context_.get(), layout));
    const std::vector<uint8_t> bytes = HasGrid(type) ? RandomBlocks(type) : QuantisedBlocks(type);
    ggml_backend_tensor_set(weight->tensor_, bytes.data(), 0, bytes.size());
    return weight;
  }

  // Quantising to these takes seconds of table building, and any bits are a value.
  static bool HasGrid(ggml_type type) {
    return type == GGML_TYPE_IQ1_S || type == GGML_TYPE_IQ2_XXS || type == GGML_TYPE_IQ2_XS ||
           type == GGML_TYPE_IQ2_S || type == GGML_TYPE_IQ3_XXS || type == GGML_TYPE_IQ3_S;
  }

  // Blocks of random bits behind a sane scale, which is the first two bytes of all types that HasGrid names.
  static std::vector<uint8_t> RandomBlocks(ggml_type type) {
    const ggml_fp16_t scale = ggml_fp32_to_fp16(0.01f);
    std::vector<uint8_t> bytes(static_cast<size_t>(kOut) * ggml_row_size(type, kIn));
    const std::vector<float> noise = Gaussian(6, static_cast<int64_t>(bytes.size()));
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(noise[i]) >> 4);
    for (size_t i = 0; i < bytes.size(); i += ggml_type_size(type))
      std::memcpy(&bytes[i], &scale, sizeof(scale));
    return bytes;
  }

  static std::vector<uint8_t> QuantisedBlocks(ggml_type type) {
    const std::vector<float> values = Gaussian(1, kIn * kOut);
    std::vector<uint8_t> bytes(static_cast<size_t>(kOut) * ggml_row_size(type, kIn));
    ggml_quantize_chunk(type, values.data(), bytes.data(), 0, kOut, kIn, nullptr);
    return bytes;
  }

  // The product's rows for the first `rows` of the input, kOut values each.
  Rows Times(int rows, int threads) const {
    static const std::vector<float> input = Gaussian(2, kIn * kMostRows);
    CpuOperation operation(threads);
    ggml_tensor* x = ggml_new_tensor_2d(operation.context(), GGML_TYPE_F32, kIn, rows);
    return operation.Run(ggml_mul_mat(operation.context(), tensor_, x),
                         [&] { ggml_backend_tensor_set(x, input.data(), 0, ggml_nbytes(x)); });
  }

 private:
  explicit Weight(ggml_type type) {
    context_.reset(ggml_init({ggml_tensor_overhead() * 4, nullptr, true}));
    tensor_ = ggml_new_tensor_2d(context_.get(), type, kIn, kOut);
  }

  ggml_backend_buffer_type_t RepackedLayout() {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    const auto extras =
        reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(ggml_backend_reg_get_proc_address(
            ggml_backend_dev_backend_reg(cpu), "ggml_backend_dev_get_extra_bufts"));
    if (extras == nullptr) return nullptr;
    for (ggml_backend_buffer_type_t* layout = extras(cpu); layout != nullptr && *layout != nullptr;
         ++layout) {
      ggml_context_ptr scratch(ggml_init({ggml_tensor_overhead() * 4, nullptr, true}));
      ggml_tensor* w = ggml_new_tensor_2d(scratch.get(), tensor_->type, kIn, kOut);
      ggml_tensor* x = ggml_new_tensor_2d(scratch.get(), GGML_TYPE_F32, kIn, kMostRows);
      ggml_backend_buffer_ptr empty(ggml_backend_buft_alloc_buffer(*layout, 0));
      w->buffer = empty.get();
      if (ggml_backend_dev_supports_op(cpu, ggml_mul_mat(scratch.get(), w, x))) return *layout;
    }
    return nullptr;
  }

  ggml_context_ptr context_;
  ggml_backend_buffer_ptr buffer_;
  ggml_tensor* tensor_ = nullptr;
};

std::vector<int> RowCounts() {
  std::vector<int> counts;
  for (int n = 1; n <= 68; ++n) counts.push_back(n);
  for (const int n :
       {96, 100, 127, 128, 129, 131, 191, 192, 255, 256, 257, 320, 448, 511, 512, 513, 575, 639}) {
    counts.push_back(n);
  }
  return counts;
}

// Row counts at which some row differs from the same row among 640.
std::vector<int> DifferingCounts(const Weight& weight) {
  const Rows all = weight.Times(kMostRows, 1);
  std::vector<int> differing;
  for (const int n : RowCounts()) {
    const Rows some = weight.Times(n, 1);
    if (Compare(some, Rows(all.begin(), all.begin() + static_cast<int64_t>(some.size()))).values > 0) {
      differing.push_back(n);
    }
  }
  return differing;
}

std::string List(const std::vector<int>& numbers) {
  std::string text;
  for (const int n : numbers) text += fmt::format("{}{}", text.empty() ? "" : ", ", n);
  return text;
}

struct Layout {
  ggml_type type;
  bool repacked;
};

void PrintTo(const Layout& layout, std::ostream* out) {
  *out << ggml_type_name(layout.type) << (layout.repacked ? " repacked" : "");
}

class ProductRows : public ::testing::TestWithParam<Layout> {
 protected:
  void SetUp() override {
    weight_ = Weight::Make(GetParam().type, GetParam().repacked);
    if (weight_ == nullptr) {
      GTEST_SKIP() << "this CPU has no repacked layout for " << ggml_type_name(GetParam().type);
    }
  }
  std::unique_ptr<Weight> weight_;
};

TEST_P(ProductRows, FollowTheRowRule) {
  const RowRule rule = RowRuleOf(GetParam().type, GetParam().repacked);
  const std::vector<int> differing = DifferingCounts(*weight_);
  RecordProperty("differing_row_counts", List(differing));
  std::vector<int> broken;
  std::copy_if(differing.begin(), differing.end(), std::back_inserter(broken),
               [&](int n) { return rule.Pad(n) == n; });
  EXPECT_TRUE(broken.empty()) << ::testing::PrintToString(GetParam()) << ": products of " << List(broken)
                              << " rows give other bits than one of 640 rows, and the rule (at least "
                              << rule.least << ", in multiples of " << rule.multiple
                              << ") takes them for equal";
}

// Padding that no kernel needs any more should go.
TEST_P(ProductRows, ARulePaysOnlyForWhatDiffers) {
  const RowRule rule = RowRuleOf(GetParam().type, GetParam().repacked);
  if (rule == RowRule{}) return;
  EXPECT_FALSE(DifferingCounts(*weight_).empty())
      << ::testing::PrintToString(GetParam())
      << ": rows no longer depend on their number; the rule can be dropped";
}

TEST_P(ProductRows, DoNotDependOnThreads) {
  for (const int n : {1, 2, 4, 5, 8, 33, 64, 200, 512}) {
    const Difference difference = Compare(weight_->Times(n, 2), weight_->Times(n, 1));
    EXPECT_EQ(difference.values, 0u) << n << " rows on 2 threads and on 1: " << difference.Text();
  }
}

std::vector<Layout> Layouts() {
  std::vector<Layout> layouts;
  for (const ggml_type type :
       {GGML_TYPE_F32,   GGML_TYPE_F16,     GGML_TYPE_BF16,  GGML_TYPE_Q4_0,   GGML_TYPE_Q4_1,
        GGML_TYPE_Q5_0,  GGML_TYPE_Q5_1,    GGML_TYPE_Q8_0,  GGML_TYPE_Q2_K,   GGML_TYPE_Q3_K,
        GGML_TYPE_Q4_K,  GGML_TYPE_Q5_K,    GGML_TYPE_Q6_K,  GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS,
        GGML_TYPE_IQ3_S, GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ2_S, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_XXS,
        GGML_TYPE_IQ1_S, GGML_TYPE_MXFP4,   GGML_TYPE_TQ1_0, GGML_TYPE_TQ2_0}) {
    layouts.push_back({type, false});
    layouts.push_back({type, true});
  }
  return layouts;
}

INSTANTIATE_TEST_SUITE_P(Types, ProductRows, ::testing::ValuesIn(Layouts()), [](const auto& test) {
  return std::string(ggml_type_name(test.param.type)) + (test.param.repacked ? "_repacked" : "");
});

// ---- Attention ----

constexpr int64_t kHeadDim = 64, kHeads = 4, kKvHeads = 2;
constexpr int kPositions = 1024, kMaskStep = 256;

// Causal flash attention over a cache of random keys and values, F16 as the engine keeps them.
class Attention {
 public:
  Attention() {
    const int64_t n = kHeadDim * kKvHeads * kPositions;
    keys_.resize(static_cast<size_t>(n));
    values_.resize(static_cast<size_t>(n));
    ggml_fp32_to_fp16_row(Gaussian(3, n).data(), keys_.data(), n);
    ggml_fp32_to_fp16_row(Gaussian(4, n).data(), values_.data(), n);
  }

  // Outputs of the queries at positions [first, first + rows) in one node; a lone query `twice` in it or
  // once.
  Rows Node(Pos first, int rows, bool twice = false, int threads = 1) const {
    const int columns = (first + rows + kMaskStep - 1) / kMaskStep * kMaskStep;
    const int queries = twice ? 2 * rows : rows;
    CpuOperation operation(threads);
    ggml_context* c = operation.context();
    ggml_tensor* q = ggml_new_tensor_3d(c, GGML_TYPE_F32, kHeadDim, kHeads, queries);
    ggml_tensor* k = ggml_new_tensor_3d(c, GGML_TYPE_F16, kHeadDim, kKvHeads, columns);
    ggml_tensor* v = ggml_new_tensor_3d(c, GGML_TYPE_F16, kHeadDim, kKvHeads, columns);
    ggml_tensor* mask = ggml_new_tensor_2d(c, GGML_TYPE_F16, columns, queries);
    const auto heads_outside = [&](ggml_tensor* t) { return ggml_permute(c, t, 0, 2, 1, 3); };
    ggml_tensor* out = ggml_flash_attn_ext(c, heads_outside(q), heads_outside(k), heads_outside(v), mask,
                                           1.0f / std::sqrt(static_cast<float>(kHeadDim)), 0.0f, 0.0f);
    ggml_prec_set_acc(out, GGML_PREC_F32);
    Rows result = operation.Run(out, [&] {
      ggml_backend_tensor_set(q, Queries(first, rows, twice).data(), 0, ggml_nbytes(q));
      ggml_backend_tensor_set(k, keys_.data(), 0, ggml_nbytes(k));
      ggml_backend_tensor_set(v, values_.data(), 0, ggml_nbytes(v));
      ggml_backend_tensor_set(mask, Mask(first, rows, columns, twice).data(), 0, ggml_nbytes(mask));
    });
    result.resize(static_cast<size_t>(rows) * kHeadDim * kHeads);
    return result;
  }

  // The same queries in nodes of `size` rows one after the other.
  Rows Nodes(Pos first, int rows, int size) const {
    Rows all;
    for (int at = 0; at < rows; at += size) {
      const Rows node = Node(first + at, std::min(size, rows - at));
      all.insert(all.end(), node.begin(), node.end());
    }
    return all;
  }

 private:
  static std::vector<float> Queries(Pos first, int rows, bool twice) {
    static const std::vector<float> all = Gaussian(5, kHeadDim * kHeads * kPositions);
    const auto begin = all.begin() + first * kHeadDim * kHeads;
    std::vector<float> queries(begin, begin + rows * kHeadDim * kHeads);
    if (twice) queries.insert(queries.end(), begin, begin + rows * kHeadDim * kHeads);
    return queries;
  }

  static std::vector<ggml_fp16_t> Mask(Pos first, int rows, int columns, bool twice) {
    const ggml_fp16_t open = ggml_fp32_to_fp16(0.0f), shut = ggml_fp32_to_fp16(-INFINITY);
    std::vector<ggml_fp16_t> mask;
    for (int row = 0; row < (twice ? 2 * rows : rows); ++row) {
      for (Pos p = 0; p < columns; ++p) mask.push_back(p <= first + row % rows ? open : shut);
    }
    return mask;
  }

  std::vector<ggml_fp16_t> keys_, values_;
};

void ExpectEqual(const Rows& a, const Rows& b, const std::string& sentence) {
  const Difference difference = Compare(a, b);
  EXPECT_EQ(difference.values, 0u) << sentence << ": " << difference.Text();
}

TEST(AttentionRows, SmallNodesAreOneClass) {
  const Attention attention;
  for (const Pos first : {0, 64, 200, 449, 480, 512, 700, 800}) {
    const Rows all = attention.Node(first, kSmallNodeRows);
    for (const int size : {2, 3, 4, 5, 7, 8, 16, 31, 32, 48}) {
      const int rows = kSmallNodeRows / size * size;  // whole nodes, so that none holds a lone row
      const Rows nodes = attention.Nodes(first, rows, size);
      ExpectEqual(
          nodes, Rows(all.begin(), all.begin() + static_cast<int64_t>(nodes.size())),
          fmt::format("from position {}, nodes of {} rows and one of {}", first, size, kSmallNodeRows));
    }
  }
}

TEST(AttentionRows, BulkNodesAreOneClass) {
  const Attention attention;
  for (const Pos first : {0, 64, 256, 512}) {
    const Rows all = attention.Node(first, 512);
    for (const int size : {64, 128, 192, 256, 448}) {
      ExpectEqual(attention.Nodes(first, 512, size), all,
                  fmt::format("from position {}, nodes of {} rows and one of 512", first, size));
    }
  }
}

TEST(AttentionRows, ALoneQueryIsSmallBelowTheSplit) {
  const Attention attention;
  for (const Pos first : {0, 1, 63, 64, 200, 254}) {
    const Rows pair = attention.Node(first, 2);
    ExpectEqual(attention.Node(first, 1), Rows(pair.begin(), pair.begin() + kHeadDim * kHeads),
                fmt::format("a lone query at {} and one of two", first));
  }
}

TEST(AttentionRows, ALoneQueryTwiceIsSmallEverywhere) {
  const Attention attention;
  for (const Pos first : {0, 64, 255, 300, 511, 512, 600, 800, 1000}) {
    const Rows pair = attention.Node(first, 2);
    ExpectEqual(attention.Node(first, 1, true), Rows(pair.begin(), pair.begin() + kHeadDim * kHeads),
                fmt::format("a query at {} computed twice and one of two", first));
  }
}

// The classes are needed: if these become equal, the plan can become simpler. A lone query past the split
// depends on the thread count; on one thread nothing is split.
TEST(AttentionRows, ClassesDiffer) {
  const Attention attention;
  const Rows bulk = attention.Node(0, 64), small = attention.Nodes(0, 64, 32);
  EXPECT_GT(Compare(bulk, small).values, 0u) << "bulk and small nodes are equal now: one class is enough";
  const Rows pair = attention.Node(kSplitColumns, 2);
  const Rows lone = attention.Node(kSplitColumns, 1, false, 2);
  EXPECT_GT(Compare(lone, Rows(pair.begin(), pair.begin() + kHeadDim * kHeads)).values, 0u)
      << "a lone query past " << kSplitColumns << " is equal now: it need not be computed twice";
}

TEST(AttentionRows, DoNotDependOnThreads) {
  const Attention attention;
  for (const auto& [first, rows] : {std::pair{0, 64}, {0, 512}, {100, 5}, {700, 8}, {90, 1}}) {
    ExpectEqual(attention.Node(first, rows, false, 2), attention.Node(first, rows),
                fmt::format("{} queries from {} on 2 threads and on 1", rows, first));
  }
  ExpectEqual(attention.Node(900, 1, true, 2), attention.Node(900, 1, true),
              "a query computed twice on 2 threads");
}

}  // namespace
}  // namespace tandem::testing
