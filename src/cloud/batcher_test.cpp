// Who is in a step, and how much of it.
#include "cloud/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kMaxRows = 160;
constexpr int kPrefillRows = 128;

class BatcherTest : public testing::Test {
 protected:
  // A session of `prompt` ids on connection `conn`, its prompt read already when `ready`.
  Session& Add(uint64_t conn, const Open& open, bool ready) {
    const SessionLimits limits{.vocab = 64, .context = 2000, .max_draft = 64};
    auto session = std::make_shared<Session>(std::make_unique<SequenceLease>(engine_, engine_.Open().value()),
                                             open, limits, Micros{0});
    while (ready && session->WantsPrefill()) {
      const std::optional<SeqRows> rows = session->PrefillRows(kPrefillRows);
      EXPECT_TRUE(session->OnLogits(engine_.Step(std::span(&*rows, 1)).value(), 0, costs_, Micros{0}));
    }
    sessions_.push_back({conn, session, 0});
    return *session;
  }
  Session& Streaming(uint64_t conn) { return Add(conn, PromptOpen(3, conn, 1900), true); }
  Session& Reading(uint64_t conn, Pos prompt) { return Add(conn, PromptOpen(prompt, conn), false); }
  // Wants `drafts` + 1 rows in the next step.
  Session& Verifying(uint64_t conn, int drafts) {
    Session& session = Add(conn, PromptOpen(3, conn), true);
    const std::vector<Token> ids(static_cast<size_t>(drafts), 1);
    EXPECT_TRUE(session.OnDrafts({.base = 3, .ids = ids}, Micros{0}));
    return session;
  }

  // Plans and carries out a step; who was in it, with how many rows.
  std::vector<std::pair<uint64_t, size_t>> Step() {
    const StepPlan plan = batcher_.Plan(sessions_, costs_, Micros{0});
    std::vector<std::pair<uint64_t, size_t>> who;
    if (plan.rows.empty()) return who;
    const Result<LogitsView> logits = engine_.Step(plan.rows);  // which refuses more than kMaxRows
    EXPECT_TRUE(logits) << logits.error().message;
    EXPECT_EQ(logits->rows(), plan.logits);
    for (size_t i = 0; i < plan.parts.size(); ++i) {
      who.push_back({plan.parts[i].conn, plan.rows[i].tokens.size()});
      EXPECT_TRUE(plan.parts[i].session->OnLogits(*logits, plan.parts[i].first_logits, costs_, Micros{0}));
    }
    return who;
  }

  FakeEngine engine_{{.context = 2000, .max_sequences = 32, .max_rows = kMaxRows}};
  const CostCurve costs_;
  Batcher batcher_{kMaxRows, kPrefillRows};
  std::vector<StepPart> sessions_;
};

using Who = std::pair<uint64_t, size_t>;

TEST_F(BatcherTest, NobodyWaitsNothingIsPlanned) {
  EXPECT_THAT(Step(), IsEmpty());
  Add(1, PromptOpen(3), true);
  EXPECT_THAT(Step(), IsEmpty());
}

TEST_F(BatcherTest, JoinsAllThatWait) {
  Streaming(1);
  Verifying(2, 4);
  Add(3, PromptOpen(3), true);
  Verifying(4, 1);
  EXPECT_THAT(Step(), ElementsAre(Who{1, 1}, Who{2, 5}, Who{4, 2}));
  EXPECT_THAT(Step(), ElementsAre(Who{1, 1}));
}

TEST_F(BatcherTest, APromptAloneTakesItsFullShare) {
  Reading(1, 300);
  EXPECT_THAT(Step(), ElementsAre(Who{1, 128}));
  EXPECT_THAT(Step(), ElementsAre(Who{1, 128}));
  EXPECT_THAT(Step(), ElementsAre(Who{1, 43}));
  EXPECT_THAT(Step(), IsEmpty());
}

TEST_F(BatcherTest, APromptTakesOneBlockBesideOthers) {
  Reading(1, 300);
  Streaming(2);
  EXPECT_THAT(Step(), ElementsAre(Who{2, 1}, Who{1, 64}));
  EXPECT_THAT(Step(), ElementsAre(Who{2, 1}, Who{1, 64}));
}

TEST_F(BatcherTest, PromptsTakeTurns) {
  Reading(1, 600);
  Reading(2, 600);
  Reading(3, 600);
  EXPECT_THAT(Step(), ElementsAre(Who{1, 128}));
  EXPECT_THAT(Step(), ElementsAre(Who{2, 128}));
  EXPECT_THAT(Step(), ElementsAre(Who{3, 128}));
  EXPECT_THAT(Step(), ElementsAre(Who{1, 128}));
}

TEST_F(BatcherTest, ASmallPromptRidesWithAnother) {
  Reading(1, 20);
  Reading(2, 600);
  EXPECT_THAT(Step(), ElementsAre(Who{1, 19}, Who{2, 64})) << "109 rows are left: one whole block";
}

TEST_F(BatcherTest, WhoDidNotFitComesFirst) {
  Verifying(1, 63);
  Verifying(2, 63);
  Verifying(3, 63);
  EXPECT_THAT(Step(), ElementsAre(Who{1, 64}, Who{2, 64}));
  EXPECT_THAT(Step(), ElementsAre(Who{3, 64}));
}

// Three sessions that fill every step with drafts cannot keep a prompt from being read.
TEST_F(BatcherTest, APromptDoesNotStarveUnderLoad) {
  std::vector<Session*> busy;
  for (uint64_t conn = 1; conn <= 3; ++conn) busy.push_back(&Verifying(conn, 50));
  const Session& reading = Reading(4, 300);
  std::vector<uint32_t> epochs(busy.size(), 0);
  int steps = 0;
  while (reading.WantsPrefill()) {
    ASSERT_LT(++steps, 20);
    Step();
    for (size_t i = 0; i < busy.size(); ++i) {
      if (busy[i]->WantsStep(Micros{0})) continue;
      ++epochs[i];  // 50 times id 1 is never all right
      const auto base = static_cast<Pos>(busy[i]->text().size());
      ASSERT_TRUE(
          busy[i]->OnDrafts({.epoch = epochs[i], .base = base, .ids = std::vector<Token>(50, 1)}, Micros{0}));
    }
  }
}

TEST_F(BatcherTest, SessionsThatEndDoNotDisturbTheTurns) {
  Reading(1, 600);
  Reading(2, 600);
  Reading(5, 600);
  EXPECT_THAT(Step(), ElementsAre(Who{1, 128}));
  sessions_.erase(sessions_.begin() + 1);
  EXPECT_THAT(Step(), ElementsAre(Who{5, 128}));
  EXPECT_THAT(Step(), ElementsAre(Who{1, 128}));
}

}  // namespace
}  // namespace tandem
