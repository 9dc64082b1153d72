// What a text under way shows: nothing before it has begun, then its layers here, and the line its prompt
// met.
#include "edge/link_facts.h"

#include <gtest/gtest.h>

#include "decode/fake_engine.h"

namespace tandem {
namespace {

class LinkFactsTest : public testing::Test {
 protected:
  LinkFactsTest() : engine_({.vocab_size = 50, .context = 64}), generation_(Config(), &engine_) {}

  static GenerationConfig Config() {
    GenerationConfig config;
    config.prompt = {1, 2, 3};
    config.vocab.size = 50;
    return config;
  }

  FakeEngine engine_;
  Generation generation_;
  LinkFacts seen_;
};

TEST_F(LinkFactsTest, KnowsNothingAtFirst) {
  const CutFacts facts = seen_.Facts(generation_);
  EXPECT_EQ(facts.length, 3);
  EXPECT_EQ(facts.front_rows, 0);
  EXPECT_EQ(facts.cloud_row_us, 0);
  EXPECT_EQ(facts.away_us, 0);
  EXPECT_EQ(facts.sessions, 0u);
}

TEST_F(LinkFactsTest, TellsTheLineThatThePromptsRowsMet) {
  seen_.Burst();
  seen_.Sent(Micros{0}, 100);
  seen_.Sent(Micros{1000}, 50'000);
  GenerationStats stats;
  stats.rows_came = Micros{101'000};
  seen_.Opened(stats);
  EXPECT_NEAR(seen_.Facts(generation_).up_bytes_per_us, 0.5, 0.01);
  EXPECT_EQ(seen_.Facts(generation_).sessions, 1u);

  seen_.Burst();  // a session whose rows came as they left
  seen_.Sent(Micros{0}, 100);
  seen_.Sent(Micros{1000}, 50'000);
  stats.rows_came = Micros{1500};
  seen_.Opened(stats);
  EXPECT_EQ(seen_.Facts(generation_).up_bytes_per_us, 0);
}

TEST_F(LinkFactsTest, ForgetsLayersThatAreNoLongerHere) {
  seen_.Front(Micros{700}, 1);
  seen_.Front(Micros{900}, 0);  // no row: it says nothing
  EXPECT_EQ(seen_.Facts(generation_).front_us, 700);
  seen_.Moved();
  EXPECT_EQ(seen_.Facts(generation_).front_rows, 0);
}

}  // namespace
}  // namespace tandem
