// The property that speculation stands on: whatever edges draft, however frames, steps and sessions
// interleave, each text is the one that its seed gives when decoded straight. The edges here are as free as
// the protocol allows: they send ahead without waiting for verdicts, ask, grant credit, close and rebuild.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "cloud/talk.h"

namespace tandem {
namespace {

constexpr int kMaxDraft = 12;

// What an edge knows: its text, and the drafts that it has sent beyond it in the present epoch.
class FreeEdge {
 public:
  FreeEdge(Talk& talk, ConnId conn, const Open& open, std::vector<Token> truth, std::mt19937_64& random)
      : talk_(talk), conn_(conn), open_(open), truth_(std::move(truth)), random_(random), text_(open.ids) {
    talk_.Greet(conn_);
    Reopen();
  }

  // Something that an edge may do now.
  void Act() {
    switch (Below(10)) {
      case 0:
        if (Below(10) == 0 && !opening_) {
          talk_.Say(conn_, Close{});
          Reopen();
        }
        return;
      case 1:
        return Grant();
      case 2:
        return Listen(1 + Below(3));
      case 3:
      case 4:
        return Listen(1000);
      default:
        return Draft();
    }
  }

  // Reads so many of the frames that the cloud has sent.
  void Listen(int frames) {
    std::vector<Frame>& heard = talk_.heard[conn_];
    for (; frames > 0 && !heard.empty(); --frames) {
      const Frame frame = heard.front();
      heard.erase(heard.begin());
      if (const auto* opened = std::get_if<Opened>(&frame)) {
        RC_ASSERT(opened->length == Length());
        opening_ = false;
      } else if (!opening_ && !std::holds_alternative<Costs>(
                                  frame)) {  // else it is of a session that was closed meanwhile
        RC_ASSERT(std::holds_alternative<Verdict>(frame));
        Take(std::get<Verdict>(frame));
      }
    }
  }

  bool Settled() const { return window_.empty() && Length() >= wanted_ && !opening_; }
  const std::vector<Token>& text() const { return text_; }
  const std::vector<Token>& truth() const { return truth_; }
  uint64_t sent = 0, accepted = 0;

 private:
  int32_t Below(int32_t n) { return static_cast<int32_t>(random_() % static_cast<uint64_t>(n)); }
  Pos Length() const { return static_cast<Pos>(text_.size()); }
  Pos Context() const { return static_cast<Pos>(truth_.size()); }

  void Reopen() {
    Open open = open_;
    open.ids = text_;
    open.epoch = epoch_;
    open.run_until = Below(3) == 0 ? std::min(Context(), Length() + Below(20)) : 0;
    if (Length() >= Context())
      open.ids.resize(static_cast<size_t>(Context() - 1));  // a full text has no session
    text_ = open.ids;
    window_.clear();
    wanted_ = credit_ = open.run_until;
    opening_ = true;
    talk_.Say(conn_, open);
  }

  void Grant() {
    credit_ = std::max(credit_, std::min(Context(), Length() + Below(12)));
    wanted_ = std::max(wanted_, credit_);
    talk_.Say(conn_, Credit{.run_until = credit_});
  }

  // Ids that are right, mostly; none is an ask.
  void Draft() {
    const Pos base = Length() + static_cast<Pos>(window_.size());
    const int32_t room =
        std::min<int32_t>(kMaxDraft - static_cast<int32_t>(window_.size()), Context() - 1 - base);
    if (room < 0) return;
    Drafts drafts{.epoch = epoch_, .base = base};
    const int32_t count = Below(room + 1);
    for (Pos at = base; at < base + count; ++at) {
      drafts.ids.push_back(Below(6) == 0 ? Below(64) : truth_[static_cast<size_t>(at)]);
    }
    if (count == 0) wanted_ = std::max(wanted_, asked_ = base + 1);
    window_.insert(window_.end(), drafts.ids.begin(), drafts.ids.end());
    sent += drafts.ids.size();
    talk_.Say(conn_, drafts);
  }

  void Take(const Verdict& verdict) {
    RC_ASSERT(verdict.base == Length());
    RC_ASSERT(verdict.accepted == 0 || verdict.epoch == epoch_);
    RC_ASSERT(verdict.accepted <= static_cast<int32_t>(window_.size()));
    std::vector<Token> tokens(window_.begin(), window_.begin() + verdict.accepted);
    tokens.push_back(verdict.token);
    for (const Token token : tokens) {
      text_.push_back(token);
      if (window_.empty()) continue;
      if (window_.front() == token) {
        ++accepted;
        window_.pop_front();
      } else {
        window_.clear();
        ++epoch_;
        if (asked_ > Length()) wanted_ = credit_;  // the ask was the epoch's
      }
    }
    RC_ASSERT(std::equal(text_.begin(), text_.end(), truth_.begin()));
  }

  Talk& talk_;
  ConnId conn_;
  Open open_;
  std::vector<Token> truth_;
  std::mt19937_64& random_;
  std::vector<Token> text_;
  std::deque<Token> window_;
  uint32_t epoch_ = 0;
  Pos credit_ = 0, asked_ = 0, wanted_ = 0;
  bool opening_ = false;
};

struct Played {
  uint64_t sent = 0, accepted = 0;
};

RC_GTEST_PROP(Losslessness, EveryTextIsItsSeeds, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const FakeEngineConfig target{.context = static_cast<Pos>(60 + random() % 200),
                                .max_rows = static_cast<int>(64 + random() % 64)};
  ServiceConfig config = TalkConfig();
  config.max_draft = kMaxDraft;
  config.prefill_rows = 64;
  Talk talk(target, config);
  std::deque<FreeEdge> edges;
  const auto count = 1 + random() % 5;
  for (ConnId conn = 1; conn <= count; ++conn) {
    Open open =
        PromptOpen(static_cast<Pos>(1 + random() % static_cast<uint64_t>(target.context - 10)), random());
    if (open.ids.size() > 9) open.spans = {{0, 5}, {7, static_cast<Pos>(open.ids.size())}};
    open.sampling.temperature = random() % 4 == 0 ? 0.0f : 0.9f;
    open.sampling.repeat_penalty = random() % 2 == 0 ? 1.3f : 1.0f;
    edges.emplace_back(talk, conn, open, StraightText(target, open, target.context), random);
  }
  for (int i = 0; i < 300; ++i) {
    FreeEdge& edge = edges[random() % edges.size()];
    edge.Act();
    if (random() % 3 != 0 || !talk.Plan()) continue;
    for (auto during = random() % 4; during > 0; --during) edges[random() % edges.size()].Act();
    talk.Compute();
  }
  for (FreeEdge& edge : edges) edge.Listen(1'000'000);
  talk.Run();
  uint64_t sent = 0, accepted = 0;
  for (FreeEdge& edge : edges) {
    edge.Listen(1'000'000);
    RC_ASSERT(edge.Settled());
    sent += edge.sent;
    accepted += edge.accepted;
  }
  RC_ASSERT(talk.closed.empty());
  for (ConnId conn = 1; conn <= count; ++conn) talk.Disconnect(conn);
  RC_ASSERT(talk.engine.open_sequences() == 0);
  const ServiceStats& stats = talk.service.stats();
  RC_ASSERT(stats.drafts_verified + stats.drafts_stale <= sent);
  RC_ASSERT(stats.drafts_accepted <= stats.drafts_verified);
  RC_ASSERT(accepted <= stats.drafts_accepted);
}

}  // namespace
}  // namespace tandem
