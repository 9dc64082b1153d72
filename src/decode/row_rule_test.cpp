// The table of row_rule.h, measured on this machine: with as many rows as the rule asks for, a row's product
// has the same bits whatever the number of rows. A new ggml or CPU that breaks this is noticed here.
#include "decode/row_rule.h"

#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml-cpu.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "model/library_log.h"

namespace tandem {
namespace {

constexpr int kIn = 256, kOut = 40;  // a whole block of every type; more than one tile of every kernel
constexpr int kMostRows = 192;

std::vector<float> Gaussian(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& v : values) v = normal(random);
  return values;
}

// A weight of one type in one layout, to multiply by.
class Product {
 public:
  Product(ggml_type type, ggml_backend_buffer_type_t layout)
      : cpu_(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)), context_(NewContext()) {
    ggml_backend_cpu_set_n_threads(cpu_.get(), 1);
    weight_ = ggml_new_tensor_2d(context_.get(), type, kIn, kOut);
    buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(context_.get(), layout));
    const std::vector<float> values = Gaussian(kIn * kOut, 1), importance(kIn, 1.0f);
    std::vector<uint8_t> bytes(ggml_nbytes(weight_));
    ggml_quantize_chunk(type, values.data(), bytes.data(), 0, kOut, kIn, importance.data());
    ggml_backend_tensor_set(weight_, bytes.data(), 0, bytes.size());
    input_ = Gaussian(kIn * kMostRows, 2);
  }

  // The product of the first `rows` rows of the input.
  std::vector<float> Rows(int rows) const {
    const ggml_context_ptr context = NewContext();
    ggml_tensor* x = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, kIn, rows);
    ggml_tensor* y = ggml_mul_mat(context.get(), weight_, x);
    ggml_cgraph* graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, y);
    const ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors(context.get(), cpu_.get()));
    ggml_backend_tensor_set(x, input_.data(), 0, ggml_nbytes(x));
    EXPECT_EQ(ggml_backend_graph_compute(cpu_.get(), graph), GGML_STATUS_SUCCESS);
    std::vector<float> out(static_cast<size_t>(kOut * rows));
    ggml_backend_tensor_get(y, out.data(), 0, ggml_nbytes(y));
    return out;
  }

 private:
  static ggml_context_ptr NewContext() {
    return ggml_context_ptr(ggml_init({16 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true}));
  }

  ggml_backend_ptr cpu_;
  ggml_context_ptr context_;
  ggml_backend_buffer_ptr buffer_;
  ggml_tensor* weight_;
  std::vector<float> input_;
};

void ExpectRowsIndependent(ggml_type type, ggml_backend_buffer_type_t layout, bool repacked) {
  const Product product(type, layout);
  const std::vector<float> reference = product.Rows(kMostRows);
  const RowRule rule = RowRuleOf(type, repacked);
  for (const int rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 63, 64, 65, 100}) {
    const std::vector<float> out = product.Rows(rule.Pad(rows));
    EXPECT_EQ(std::memcmp(out.data(), reference.data(), static_cast<size_t>(rows * kOut) * sizeof(float)), 0)
        << ggml_type_name(type) << (repacked ? " repacked" : "") << ", " << rows << " rows computed as "
        << rule.Pad(rows);
  }
}

bool IsWeight(ggml_type type) {
  switch (type) {
    case GGML_TYPE_F32:
    case GGML_TYPE_F16:
    case GGML_TYPE_BF16:
      return true;
    // Making these takes ggml seconds of tables (measured with the others once: they hold).
    case GGML_TYPE_IQ1_S:
    case GGML_TYPE_IQ1_M:
    case GGML_TYPE_IQ2_XXS:
    case GGML_TYPE_IQ2_XS:
    case GGML_TYPE_IQ2_S:
    // Not types of weights.
    case GGML_TYPE_Q8_1:
    case GGML_TYPE_Q8_K:
      return false;
    default:
      return ggml_is_quantized(type) && kIn % ggml_blck_size(type) == 0;
  }
}

class RowRuleTest : public testing::TestWithParam<int> {};

TEST_P(RowRuleTest, HoldsAsTheWeightLiesInTheFile) {
  const auto type = static_cast<ggml_type>(GetParam());
  ExpectRowsIndependent(type, ggml_backend_cpu_buffer_type(), false);
}

std::vector<ggml_backend_buffer_type_t> RepackedLayouts(ggml_type type) {
  const ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  const auto extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(ggml_backend_reg_get_proc_address(
      ggml_backend_dev_backend_reg(cpu), "ggml_backend_dev_get_extra_bufts"));
  std::vector<ggml_backend_buffer_type_t> layouts;
  for (ggml_backend_buffer_type_t* layout = extra(cpu); layout != nullptr && *layout != nullptr; ++layout) {
    const ggml_context_ptr context(ggml_init({8 * ggml_tensor_overhead(), nullptr, true}));
    ggml_tensor* weight = ggml_new_tensor_2d(context.get(), type, kIn, kOut);
    const ggml_backend_buffer_ptr empty(ggml_backend_buft_alloc_buffer(*layout, 0));
    weight->buffer = empty.get();
    ggml_tensor* x = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, kIn, 8);
    if (ggml_backend_dev_supports_op(cpu, ggml_mul_mat(context.get(), weight, x))) layouts.push_back(*layout);
  }
  return layouts;
}

TEST_P(RowRuleTest, HoldsRepackedWhereTheCpuRepacks) {
  const LogCapture quiet;
  const auto type = static_cast<ggml_type>(GetParam());
  for (const ggml_backend_buffer_type_t layout : RepackedLayouts(type))
    ExpectRowsIndependent(type, layout, true);
}

std::vector<int> WeightTypes() {
  std::vector<int> types;
  for (int type = 0; type < GGML_TYPE_COUNT; ++type) {
    if (ggml_type_size(static_cast<ggml_type>(type)) > 0 && IsWeight(static_cast<ggml_type>(type)))
      types.push_back(type);
  }
  return types;
}

INSTANTIATE_TEST_SUITE_P(Types, RowRuleTest, testing::ValuesIn(WeightTypes()),
                         [](const auto& type) { return ggml_type_name(static_cast<ggml_type>(type.param)); });

TEST(RowRule, CoversTheLayoutsOfX86) {
#if defined(__AVX2__)
  for (const ggml_type type : {GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_IQ4_NL}) {
    EXPECT_EQ(RepackedLayouts(type).size(), 1u) << ggml_type_name(type);
  }
#endif
}

// The rule is no stricter than needed: padding costs time.
TEST(RowRule, ALoneF16RowReallyDiffers) {
  const Product product(GGML_TYPE_F16, ggml_backend_cpu_buffer_type());
  const std::vector<float> one = product.Rows(1), two = product.Rows(2);
  if (std::memcmp(one.data(), two.data(), kOut * sizeof(float)) == 0)
    GTEST_SKIP() << "on this machine a lone F16 row has the bits of a pair: the rule could go";
}

}  // namespace
}  // namespace tandem
