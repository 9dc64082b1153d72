// Moves the cut while a text runs: from what its layers here, the cloud's, the link and the battery are seen
// to do, it corrects a plan (edge/cut_plan.h) and says when another cut or codec would pay. Pure: no clock,
// no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/types.h"
#include "edge/cut_plan.h"

namespace tandem {

// What is known of a text under way. 0 where it is not, but for `tokens` and `length`.
struct CutFacts {
  uint64_t tokens = 0;  // written so far
  Pos length = 0;       // of the text, prompt included
  // The last frame of rows: what the layers here and the codec took for so many.
  double front_us = 0;
  int front_rows = 0;
  double cloud_row_us = 0;     // one row of the cloud's layers, as it says
  double away_us = 0;          // a round trip lately, the layers here included, the cloud's time left out
  double up_bytes_per_us = 0;  // as the session's prompt met it; 0: the line was not in the way
  double load_us = 0;          // what loading the layers here took the last time
  uint64_t sessions = 0;       // that were opened so far: each one's prompt measures the line anew
};

struct CutFollowing {
  CutPlan plan;
  bool timed = false;  // the plan's times are measured, not guessed: it may move before it has seen any
  double max_dppl = 0;
  int32_t max_tokens = 1;  // that the text may have
  int begin = 0;           // where it is cut now,
  std::string codec;       // ... and how its rows are coded: both in the plan
};

// How much a us of this machine's processor counts beside a us that passes, asked whenever it decides: 0 on
// mains, more as a battery empties.
using EdgeWeight = std::function<double()>;

// One thread at a time.
class CutFollower {
 public:
  CutFollower(CutFollowing following, EdgeWeight weight)
      : following_(std::move(following)), weight_(std::move(weight)) {}

  // Another cut or codec for the rest of the text, which is what it goes on with then; nullopt to stay. It
  // moves when what is saved on the tokens still to come is twice what moving takes (a session, the layers
  // here loaded, and all of the text's rows again), and no sooner than kLeastTokens after it moved last.
  std::optional<CutOption> Next(const CutFacts& facts);

  static constexpr uint64_t kLeastTokens = 8;
  // An edge that gave its layers away because it was busy cannot be seen to become idle: after so many tokens
  // it is taken to be as quick again as it ever was.
  static constexpr uint64_t kForgets = 64;

 private:
  const PlannedCut* Here() const;
  void Learn(const CutFacts& facts);
  void LearnHere(const CutFacts& facts, const PlannedCut& here, const CodecAtCut& codec);
  LinkTimes LinkOf(const CutFacts& facts) const;
  double MoveUs(const CutPlan& plan, const CutOption& to, const CutFacts& facts) const;

  CutFollowing following_;
  EdgeWeight weight_;
  std::optional<double> edge_, cloud_;  // how many times as long as planned each side takes
  std::optional<double> edge_at_best_;  // the least that was seen; 1 to begin with where times were measured
  uint64_t seen_at_ = 0;                // tokens, when layers here were last seen at work
  double near_us_ = 0;                  // round trip without the layers here, when the session was young
  uint64_t session_ = 0;
  uint64_t moved_at_ = 0;
};

}  // namespace tandem
