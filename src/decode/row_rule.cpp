// See row_rule.h.
#include "decode/row_rule.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

namespace tandem {

namespace {

void ForEachProduct(const Model& model, const std::function<void(const ggml_tensor*)>& visit) {
  const auto linear = [&](const Linear& l) {
    if (l.weight != nullptr) visit(l.weight);
  };
  for (const LayerWeights& layer : model.weights().layers) {
    for (const Linear* l :
         {&layer.q, &layer.k, &layer.v, &layer.qkv, &layer.o, &layer.gate, &layer.up, &layer.down})
      linear(*l);
  }
  linear(model.weights().head.output);
}

}  // namespace

RowRule RowRuleOf(ggml_type type, bool repacked) {
  switch (type) {
    case GGML_TYPE_F32:
    case GGML_TYPE_F16:
    case GGML_TYPE_BF16:
      return {2, 1};
    case GGML_TYPE_IQ4_NL:
      return repacked ? RowRule{} : RowRule{2, 1};
    case GGML_TYPE_Q2_K:
    case GGML_TYPE_Q4_K:
      return repacked ? RowRule{1, 4} : RowRule{};
    case GGML_TYPE_IQ1_S:
    case GGML_TYPE_IQ1_M:
    case GGML_TYPE_IQ2_XXS:
    case GGML_TYPE_IQ2_XS:
    case GGML_TYPE_IQ2_S:
    case GGML_TYPE_IQ3_XXS:
    case GGML_TYPE_IQ3_S:
    case GGML_TYPE_IQ4_XS:
      return {8, 1};
    default:
      return {};
  }
}

RowRule RowRuleOf(const Model& model) {
  RowRule rule;
  ForEachProduct(model, [&](const ggml_tensor* weight) {
    const RowRule own = RowRuleOf(weight->type, model.IsRepacked(weight));
    rule.least = std::max(rule.least, own.least);
    rule.multiple = std::lcm(rule.multiple, own.multiple);
  });
  return rule;
}

std::string TypesThatNeedPadding(const Model& model) {
  std::set<std::string> names;
  ForEachProduct(model, [&](const ggml_tensor* weight) {
    const bool repacked = model.IsRepacked(weight);
    if (RowRuleOf(weight->type, repacked) == RowRule{}) return;
    names.insert(std::string(repacked ? "repacked " : "") + ggml_type_name(weight->type));
  });
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace tandem
