// The state behind Generation, shared by generation.cpp (the text) and generation_link.cpp (the cloud's side
// of it).
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/sqs.h"
#include "edge/backoff.h"
#include "edge/draft_window.h"
#include "edge/drafter.h"
#include "edge/generation.h"
#include "edge/ngram_drafter.h"
#include "sample/sampler.h"

namespace tandem {

constexpr int32_t kLongestChunk = 16;  // that mode auto may choose
// Laws of 8 ids and 100 shares: about 20 bytes each, and as many drafts stand as with dense ones, nearly
// (docs/rules.md has the figures).
constexpr int32_t kLawIds = 8, kLattice = 100;

enum class LinkState { kNone, kWaiting, kDialing, kGreeting, kOpening, kOpen };

struct Generation::State {
  State(GenerationConfig c, Engine* engine)
      : config(std::move(c)),
        text(config.prompt),
        sampler(config.sampling),
        window(static_cast<Pos>(config.prompt.size()), NeedsLaws(config.rule)),
        planner(config.mode == Mode::kAuto ? kLongestChunk : config.draft_length),
        backoff(config.retry_for, config.sampling.seed, config.clouds) {
    if (config.ngrams) {
      ngrams.emplace();
    } else if (engine != nullptr) {
      drafter.emplace(*engine, Spans());
    }
  }

  std::vector<PromptSpan> Spans() const {
    if (!config.spans.empty()) return config.spans;
    return {{0, static_cast<Pos>(config.prompt.size())}};
  }
  Pos Length() const { return static_cast<Pos>(text.size()); }
  int32_t Remaining() const { return config.max_tokens - static_cast<int32_t>(stats.generated); }
  bool Ends(Token id) const {
    return std::binary_search(config.end_tokens.begin(), config.end_tokens.end(), id);
  }

  // --- actions
  void Act(EdgeAction action) { actions.push_back(std::move(action)); }
  void Send(const Frame& frame, Micros now) {
    if (!Owed() || link < LinkState::kOpen) last_heard = now;  // the clock of what is owed starts here
    Act({.kind = EdgeAction::Kind::kSend, .frame = Encode(frame)});
  }
  void Stop(Finish finish, std::optional<Error> error, Micros now);
  void Note(std::string sentence) {  // once, however often its reason comes back
    if (std::find(notes.begin(), notes.end(), sentence) == notes.end()) notes.push_back(std::move(sentence));
  }
  void Dial(Micros now);
  void Recut(const ModelCut& cut, Micros now);

  // --- the link
  void Lost(const Error& why, Micros now, Micros hint = Micros{0});
  void Unreachable(const Error& why, Micros now);
  void Violation(const Error& why, Micros now);
  Micros Patience() const { return link == LinkState::kOpening ? config.open_timeout : config.reply_timeout; }
  bool Owed() const {
    if (link == LinkState::kGreeting || link == LinkState::kOpening) return true;
    return link == LinkState::kOpen && (Length() < credit || window.InFlight());
  }
  bool Streams() const {
    return config.mode != Mode::kEdge && config.mode != Mode::kSync && config.mode != Mode::kSplit;
  }
  Open OpenNow() const;
  Status CheckOffer(const Welcome& welcome) const;
  // How far the cloud may go by itself: all the way where it writes alone, else a stretch that is renewed.
  Pos CreditNow() const;
  void RenewCredit(Micros now);

  // The answer to what was asked at `asked` is here: its round trip less the time the server says it took.
  void BookRoundTrip(Micros asked, uint64_t server_us, Micros now) {
    stats.network.push_back(std::max(Micros{0}, now - asked - Micros(static_cast<int64_t>(server_us))));
    planner.RoundTrip(stats.network.back());
  }
  bool IsRepeated(const Verdict& verdict) const;
  void BookVerdict(const Verdict& verdict, Micros now);
  Status On(const Welcome& welcome, Micros now);
  Status On(const Opened& opened, Micros now);
  Status On(const Verdict& verdict, Micros now);
  Status On(const Costs& costs);
  void On(const Fault& fault, Micros now);
  Status Dispatch(const Frame& frame, Micros now);

  // --- the text
  void Commit(const std::vector<Token>& tokens, int32_t drafts, Author rest, Micros now);
  void BookPlan(size_t tokens);
  int32_t Room() const;
  WindowRule Rule();
  void Compute(Micros now);
  int32_t LookUp(const WindowRule& rule, int32_t room);
  void TakeLogits(std::span<const float> logits, Micros now);
  void DrawByLaw(std::span<const float> logits);
  SqsShape Shape() const {
    return {{config.vocab.size, std::min(kLawIds, config.vocab.size), kLattice}, kMaxCodedDrafts};
  }
  void Pump(Micros now);

  GenerationConfig config;
  std::vector<Token> text;
  Sampler sampler;
  std::optional<Drafter> drafter;
  std::optional<NgramDrafter> ngrams;  // instead
  DraftWindow window;
  Planner planner;
  Backoff backoff;

  LinkState link = LinkState::kNone;
  Micros redial_at{0};
  Micros last_heard{0};
  Micros asked_at{0};  // when the Open was sent
  Pos credit = 0;      // granted
  // Frames with the cloud: where they end, when they were sent.
  std::deque<std::pair<Pos, Micros>> in_flight;
  double planned_tokens = 0, costed_tokens = 0;  // weights of the means in stats
  bool established = false;
  bool recutting = false;  // the next session is no reconnect
  int violations = 0;
  int32_t failures = 0;  // of clouds, before the first session
  std::optional<Welcome> welcome, first_welcome;

  std::optional<SeqRows> rows;  // of the Compute under way
  std::vector<Token> branch;    // text and drafts that it continues
  Micros compute_at{0};

  bool done = false;
  std::vector<std::string> notes;
  GenerationStats stats;
  EdgeActions actions;
};

}  // namespace tandem
