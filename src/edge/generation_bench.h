// A test's bench for one Generation: carries out its actions at once, in one thread, with time moved by hand.
// The frames it sends are kept for the test to look at and to answer. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "decode/fake_engine.h"
#include "edge/generation.h"
#include "edge/scripted_cloud.h"

namespace tandem {

class GenerationBench {
 public:
  explicit GenerationBench(const GenerationConfig& config, const FakeEngineConfig& draft = {})
      : engine_(draft), generation_(config, config.mode == Mode::kCloud ? nullptr : &engine_) {}

  Micros now{1'000'000};

  void Start() { Carry(generation_.Start(now)); }
  void Connect() {
    dialling = false;
    sent.clear();
    Carry(generation_.OnConnected(now));
  }
  void Say(const Frame& frame) { SayBytes(Encode(frame)); }
  void SayBytes(ByteView bytes) { Carry(generation_.OnFrame(bytes, now)); }
  void Break(ErrorCode code = ErrorCode::kNetwork) {
    dialling = false;
    sent.clear();
    Carry(generation_.OnClosed({code, "the link broke"}, now));
  }
  void Cancel() { Carry(generation_.Cancel(now)); }
  // Moves time to when the next timer is due, and runs it. False when there is none.
  bool WaitForTimer() {
    const std::optional<Micros> due = generation_.NextTimer();
    if (!due) return false;
    now = std::max(now, *due);
    Carry(generation_.OnTimer(now));
    return true;
  }

  // Lets `cloud` answer the oldest frame not yet answered.
  void AnswerOne(ScriptedCloud& cloud) {
    for (const Frame& answer : cloud.Answer(Take())) Say(answer);
  }
  // ... all frames, until nothing is left to answer.
  void Converse(ScriptedCloud& cloud) {
    while (!sent.empty() && !finished) AnswerOne(cloud);
  }
  // Dials if need be, greets and opens.
  void Establish(ScriptedCloud& cloud) {
    if (!dialling) Start();
    Connect();
    AnswerOne(cloud);
    AnswerOne(cloud);
  }
  // After a loss.
  void Reestablish(ScriptedCloud& cloud) {
    EXPECT_TRUE(WaitForTimer());
    EXPECT_TRUE(dialling);
    Establish(cloud);
  }

  Frame Take() {
    if (sent.empty()) {
      ADD_FAILURE() << "nothing was sent";
      return Close{};
    }
    Frame frame = sent.front();
    sent.pop_front();
    return frame;
  }

  const Generation& generation() const { return generation_; }
  const GenerationStats& stats() const { return generation_.stats(); }
  FakeEngine& engine() { return engine_; }

  std::deque<Frame> sent;    // on the present connection, not yet taken
  std::vector<Token> shown;  // by kCommit
  std::vector<Author> authors;
  bool dialling = false;  // a kConnect not yet answered
  int dials = 0, disconnects = 0, finishes = 0;
  bool finished = false;
  Finish finish = Finish::kNone;
  std::optional<Error> error;

 private:
  void Carry(const EdgeActions& actions) {
    EXPECT_TRUE(actions.empty() || !finished) << "actions after the end";
    bool compute = false;
    for (const EdgeAction& action : actions) compute = Do(action) || compute;
    if (compute) Carry(generation_.OnComputed(engine_.Step(generation_.draft_rows()), now));
  }

  bool Do(const EdgeAction& action) {
    switch (action.kind) {
      case EdgeAction::Kind::kConnect:
        dialling = true;
        ++dials;
        break;
      case EdgeAction::Kind::kSend:
        sent.push_back(Decode(action.frame).value());
        break;
      case EdgeAction::Kind::kDisconnect:
        dialling = false;
        ++disconnects;
        break;
      case EdgeAction::Kind::kCompute:
        return true;
      case EdgeAction::Kind::kCommit:
        shown.insert(shown.end(), action.tokens.begin(), action.tokens.end());
        authors.insert(authors.end(), action.authors.begin(), action.authors.end());
        break;
      case EdgeAction::Kind::kFinish:
        ++finishes;
        finished = true;
        finish = action.finish;
        error = action.error;
    }
    return false;
  }

  FakeEngine engine_;
  Generation generation_;
};

}  // namespace tandem
