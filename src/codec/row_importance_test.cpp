// Every method against its definition over whole attention matrices, row by row and query by query; the
// choice of rows against what its words say.
#include "codec/row_importance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace tandem {
namespace {

constexpr size_t kRows = 37, kHeads = 3, kLayers = 4;

// A causal softmax: [heads][queries][rows].
class Dense {
 public:
  explicit Dense(uint32_t seed) : weights_(kHeads * kRows * kRows, 0.0) {
    std::mt19937 random(seed);
    std::normal_distribution<double> score(0.0, 2.0);
    for (size_t h = 0; h < kHeads; ++h) {
      for (size_t i = 0; i < kRows; ++i) {
        double sum = 0;
        for (size_t j = 0; j <= i; ++j) sum += At(h, i, j) = std::exp(score(random));
        for (size_t j = 0; j <= i; ++j) At(h, i, j) /= sum;
      }
    }
  }

  double& At(size_t head, size_t query, size_t row) { return weights_[(head * kRows + query) * kRows + row]; }
  double At(size_t head, size_t query, size_t row) const {
    return weights_[(head * kRows + query) * kRows + row];
  }

 private:
  std::vector<double> weights_;
};

// Layers as a probe hands them over, and the matrices they come from.
class Text {
 public:
  Text() {
    for (uint32_t layer = 0; layer < kLayers; ++layer) {
      dense_.emplace_back(layer + 1);
      for (size_t h = 0; h < kHeads; ++h) {
        for (size_t j = 0; j < kRows; ++j) {
          double sum = 0;
          for (size_t i = 0; i < kRows; ++i) sum += dense_.back().At(h, i, j);
          sums_[layer].push_back(static_cast<float>(sum));
          last_[layer].push_back(static_cast<float>(dense_.back().At(h, kRows - 1, j)));
        }
      }
      layers_.push_back({static_cast<int>(layer), sums_[layer], last_[layer]});
    }
  }

  const Dense& dense(size_t layer) const { return dense_[layer]; }
  ImportanceInput Input(size_t layers = kLayers) const {
    return {
        .layers = std::span(layers_).first(layers), .rows = kRows, .head_relevance = relevance_, .seed = 5};
  }
  const std::vector<float>& relevance() const { return relevance_; }

  std::vector<float> Of(const char* name, size_t layers = kLayers) const {
    const auto importance = RowImportance(*ParseImportance(name), Input(layers));
    EXPECT_TRUE(importance) << importance.error().message;
    return importance.value_or(std::vector<float>(kRows, -1.0f));
  }

 private:
  std::vector<Dense> dense_;
  std::vector<float> sums_[kLayers], last_[kLayers];
  std::vector<LayerAttention> layers_;
  std::vector<float> relevance_ = {0.5f, 0.0f, 2.0f};
};

// The definition of `regular` for one row, heads weighted.
double ColumnMean(const Dense& dense, size_t row, const std::vector<float>& weights) {
  double all = 0, weight = 0;
  for (size_t h = 0; h < kHeads; ++h) {
    double mean = 0;
    for (size_t i = 0; i < kRows; ++i) mean += dense.At(h, i, row) / kRows;
    all += mean * weights[h];
    weight += weights[h];
  }
  return all / weight;
}

const std::vector<float> kAlike(kHeads, 1.0f);

TEST(RowImportance, OfTheLayerAtTheCut) {
  const Text text;
  for (size_t cut = 1; cut <= kLayers; ++cut) {
    const Dense& dense = text.dense(cut - 1);
    const auto regular = text.Of("regular_importance", cut), last = text.Of("last_row", cut),
               weighted = text.Of("weighted_importance", cut), upto = text.Of("upto ratio", cut);
    for (size_t j = 0; j < kRows; ++j) {
      double last_mean = 0;
      for (size_t h = 0; h < kHeads; ++h) last_mean += dense.At(h, kRows - 1, j) / kHeads;
      EXPECT_NEAR(regular[j], ColumnMean(dense, j, kAlike), 1e-6);
      EXPECT_NEAR(last[j], last_mean, 1e-6);
      EXPECT_NEAR(weighted[j], ColumnMean(dense, j, text.relevance()), 1e-6);
    }
    EXPECT_EQ(upto, regular);
    for (const auto& figures : {regular, last, weighted})
      EXPECT_NEAR(std::accumulate(figures.begin(), figures.end(), 0.0), 1.0, 1e-5);
  }
}

TEST(RowImportance, OverTheLayersUpToTheCut) {
  const Text text;
  for (size_t cut = 1; cut <= kLayers; ++cut) {
    const auto till = text.Of("aggregate_till", cut), upto = text.Of("aggregate upto 1", cut),
               maximum = text.Of("maximum aggregation", cut);
    const size_t two = std::min<size_t>(2, cut);
    for (size_t j = 0; j < kRows; ++j) {
      double running = 0, of_two = 0, largest = 0;
      for (size_t layer = 0; layer < cut; ++layer) {
        const double one = ColumnMean(text.dense(layer), j, kAlike);
        running += (one - running) / static_cast<double>(layer + 1);  // as system 1 updates it
        if (layer < two) of_two += one / static_cast<double>(two);
        largest = std::max(largest, one);
      }
      EXPECT_NEAR(till[j], running, 1e-6);
      EXPECT_NEAR(upto[j], of_two, 1e-6);
      EXPECT_NEAR(maximum[j], largest, 1e-6);
    }
  }
}

TEST(RowImportance, RandomIsAFunctionOfSeedAndRow) {
  const ImportanceSpec random{ImportanceMethod::kRandom};
  const auto of = [&](size_t rows, uint64_t seed) {
    return *RowImportance(random, {.layers = {}, .rows = rows, .head_relevance = {}, .seed = seed});
  };
  const std::vector<float> all = of(20000, 9), few = of(100, 9);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), all.begin()));
  EXPECT_NE(of(100, 10), few);
  EXPECT_NE(of(100, 9 + (uint64_t{1} << 40)), few);
  double mean = 0, square = 0;
  for (const float f : all) {
    ASSERT_GT(f, 0.0f);
    ASSERT_LT(f, 1.0f);
    mean += f / 20000.0;
    square += f * f / 20000.0;
  }
  // Five standard errors of each.
  EXPECT_NEAR(mean, 0.5, 5 * 0.2887 / std::sqrt(20000));
  EXPECT_NEAR(square, 1.0 / 3, 5 * 0.2981 / std::sqrt(20000));
}

TEST(RowImportance, NamesAreReadBack) {
  for (const char* name :
       {"regular_importance", "last_row", "weighted_importance", "aggregate_till", "random",
        "aggregate upto 2", "aggregate upto 0", "maximum aggregation", "upto ratio"}) {
    const auto spec = ParseImportance(name);
    ASSERT_TRUE(spec) << name;
    EXPECT_EQ(NameOf(*spec), name);
  }
  EXPECT_EQ(ParseImportance("upto ratio")->choice, RowChoice::kMass);
  EXPECT_EQ(ParseImportance("aggregate upto 2")->upto, 2);
  for (const char* name : {"", "regular", "aggregate upto ", "aggregate upto -1", "aggregate upto 512",
                           "aggregate upto 2x", "LAST_ROW"}) {
    const auto spec = ParseImportance(name);
    ASSERT_FALSE(spec) << name;
    EXPECT_EQ(spec.error().code, ErrorCode::kUsage);
  }
  EXPECT_NE(ParseImportance("lrp").error().message.find("'lrp', there are regular_importance, last_row"),
            std::string::npos);
}

TEST(RowImportance, RefusesInputThatDoesNotFit) {
  const Text text;
  const auto say = [](const char* name, const ImportanceInput& input) {
    const auto importance = RowImportance(*ParseImportance(name), input);
    return importance ? "fits" : importance.error().message;
  };
  ImportanceInput input = text.Input();
  input.rows = 36;
  EXPECT_EQ(say("last_row", input), "attention of layer 0 has 111 sums and 111 weights for 36 rows");
  input.rows = 0;
  EXPECT_EQ(say("random", input), "a text of 0 rows has no importance");
  EXPECT_EQ(say("last_row", {.layers = {}, .rows = 3, .head_relevance = {}}),
            "'last_row' needs attention of a layer");
  input = text.Input();
  input.layers = input.layers.subspan(1);
  EXPECT_EQ(say("regular_importance", input), "fits");
  EXPECT_EQ(say("aggregate_till", input),
            "'aggregate_till' needs every layer from 0 on, but layer 1 stands in place 0");
  input.head_relevance = input.head_relevance.first(2);
  EXPECT_EQ(say("weighted_importance", input), "relevance of 2 heads for a layer of 3");
  const std::vector<float> none(kHeads, 0.0f), negative = {1.0f, -1.0f, 1.0f};
  input.head_relevance = none;
  EXPECT_EQ(say("weighted_importance", input), "the relevance of all 3 heads is 0");
  input.head_relevance = negative;
  EXPECT_EQ(say("weighted_importance", input), "a head's relevance is -1, expected a number >= 0");
  const std::vector<float> broken(kRows, std::nanf(""));
  const LayerAttention layer{0, broken, broken};
  EXPECT_EQ(say("last_row", {.layers = {&layer, 1}, .rows = kRows, .head_relevance = {}}),
            "row 0 has an importance of nan");
}

std::vector<uint8_t> Rows(RowChoice choice, std::vector<float> importance, double ratio) {
  return *RowsToQuantise(choice, importance, ratio);
}
using Flags = std::vector<uint8_t>;

TEST(RowsToQuantise, AShareOfTheRows) {
  const std::vector<float> importance = {0.4f, 0.1f, 0.2f, 0.1f, 0.2f};
  EXPECT_EQ(Rows(RowChoice::kShare, importance, 0.0), (Flags{0, 0, 0, 0, 0}));
  EXPECT_EQ(Rows(RowChoice::kShare, importance, 0.39), (Flags{0, 1, 0, 0, 0}));
  EXPECT_EQ(Rows(RowChoice::kShare, importance, 0.4), (Flags{0, 1, 0, 1, 0}));
  EXPECT_EQ(Rows(RowChoice::kShare, importance, 0.6), (Flags{0, 1, 1, 1, 0}));
  EXPECT_EQ(Rows(RowChoice::kShare, importance, 1.0), (Flags{1, 1, 1, 1, 1}));
}

TEST(RowsToQuantise, AllButTheFewestRowsThatHoldTheRest) {
  const std::vector<float> importance = {0.4f, 0.1f, 0.2f, 0.1f, 0.2f};
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 0.0), (Flags{0, 0, 0, 0, 0}));
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 0.1), (Flags{0, 1, 0, 0, 0}));
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 0.2), (Flags{0, 1, 0, 1, 0}));
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 0.39), (Flags{0, 1, 0, 1, 0}));
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 0.5), (Flags{0, 1, 1, 1, 0}));
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 0.7), (Flags{0, 1, 1, 1, 1}));
  EXPECT_EQ(Rows(RowChoice::kMass, importance, 1.0), (Flags{1, 1, 1, 1, 1}));
}

// Fewest: no smaller set of rows holds as much, which for sorted importances is what greed gives; checked by
// trying every set.
TEST(RowsToQuantise, NoSmallerSetHoldsTheMass) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(0.0f, 1.0f);
  for (int round = 0; round < 30; ++round) {
    std::vector<float> importance(9);
    for (float& i : importance) i = uniform(random);
    const double whole = std::accumulate(importance.begin(), importance.end(), 0.0), ratio = uniform(random);
    const Flags flags = Rows(RowChoice::kMass, importance, ratio);
    int fewest = 9;
    for (int set = 0; set < 512; ++set) {
      double held = 0;
      for (size_t j = 0; j < 9; ++j) held += (set >> j & 1) != 0 ? importance[j] : 0.0f;
      if (held >= (1 - ratio) * whole) fewest = std::min(fewest, __builtin_popcount(unsigned(set)));
    }
    EXPECT_EQ(std::count(flags.begin(), flags.end(), 0), fewest);
  }
}

TEST(RowsToQuantise, RefusesWhatIsNoRatioAndNoImportance) {
  const std::vector<float> good = {1.0f}, bad = {std::nanf("")};
  for (const double ratio : {-0.1, 1.1, std::nan("")})
    EXPECT_EQ(RowsToQuantise(RowChoice::kShare, good, ratio).error().code, ErrorCode::kUsage);
  EXPECT_EQ(RowsToQuantise(RowChoice::kMass, bad, 0.5).error().message, "a row's importance is nan");
  EXPECT_TRUE(RowsToQuantise(RowChoice::kMass, {}, 0.5)->empty());
}

}  // namespace
}  // namespace tandem
