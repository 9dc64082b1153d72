// The edge's generation loop without I/O: one text in any of the modes below. It owns the committed
// ids; caches, drafts in flight and the cloud's session are rebuilt from them. Events with their time go in,
// actions come out; the shell (runner.h) and the simulation (tests/) carry them out.
//
// One loop serves all modes: draft while the window is open, send, take verdicts, commit. Mode edge has no
// verdicts (the draft model's own pick is committed), mode cloud no drafts (the cloud streams on credit). In
// speculate and auto the cloud has credit as well, and drafts join its steps when they pay; sync is stop and
// wait, the baseline. A text whose cloud is gone may go on as mode edge, where that was asked for
// (GenerationConfig::offline). Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/sampling_params.h"
#include "base/types.h"
#include "decode/engine.h"
#include "edge/planner.h"
#include "wire/frame.h"

namespace tandem {

enum class Mode {
  kEdge,
  kCloud,
  kSync,       // blocks of draft_length, each waits for its verdict
  kSpeculate,  // a sliding window of fixed size
  kAuto,       // a sliding window that the planner moves (edge/planner.h)
  kSplit,      // the model's first layers here, the others in the cloud; drafts, if there are any, look ahead
};
enum class Author : uint8_t {
  kEdge,
  kDraft,
  kCloud
};                                                    // who wrote a token: edge alone, accepted draft, cloud
enum class Finish { kNone, kStop, kLength, kError };  // kStop: end-of-generation token

const char* ModeName(Mode mode);
const char* FinishName(Finish finish);

struct GenerationConfig {
  Mode mode = Mode::kEdge;
  std::vector<Token> prompt;        // ids, at least one
  std::vector<PromptSpan> spans{};  // of it, what came in at once, in order: a chat has several; empty: all
  int32_t max_tokens = 128;         // generated ids, the end-of-generation token not counted
  SamplingParams sampling;
  int32_t draft_length = 3;       // k >= 1: ids of a block (sync), of a frame (speculate), at most (auto)
  std::optional<ModelCut> cut{};  // mode split: where, and with which codec
  Rule rule = Rule::kCoupled;     // token and block need mode sync, and draft_length <= kMaxCodedDrafts
  bool ngrams = false;            // drafts are looked up in the text (edge/ngram_drafter.h): no model drafts
  int32_t window = 0;  // drafts that may be unjudged, mode speculate; 0: as many as pay their bytes
  std::vector<Token> end_tokens;  // sorted; end the text and are not part of it
  std::string software;
  VocabIdentity vocab;           // of the model or tokenizer at hand
  int32_t clouds = 1;            // that the shell dials in turn: so many may fail before the first session
  Micros retry_for{60'000'000};  // a lost link is retried for so long, counted from the loss
  // When that runs out, and when no cloud can be reached at all, the draft model goes on from the text so
  // far, to its end; else the run ends with what there is. Needs a draft model.
  bool offline = false;
  Micros reply_timeout{30'000'000};  // no frame for so long while one is owed: the link counts as lost
  Micros open_timeout{
      600'000'000};  // the same for Opened: the cloud reads the whole prompt before it answers
};

// Carried out by the shell in order. Only one Compute is under way at a time.
struct EdgeAction {
  enum class Kind {
    kConnect,     // dial the cloud; answer OnConnected or OnClosed
    kSend,        // frame
    kDisconnect,  // drop the connection; no OnClosed follows
    kCompute,     // run draft_rows() through the draft engine; answer OnComputed
    kCommit,      // tokens[0..] are now text, each by author; show them
    kFinish,      // the end: finish, and error when kError
  };
  Kind kind = Kind::kFinish;
  Bytes frame{};
  std::vector<Token> tokens{};
  std::vector<Author> authors{};
  Finish finish = Finish::kNone;
  std::optional<Error> error{};
};
using EdgeActions = std::vector<EdgeAction>;

// Counts as docs/cli.md defines them. verified: drafts judged, up to and including the first mismatch of each
// block; stale: sent and thrown away unjudged. sent == verified + stale + in flight.
struct GenerationStats {
  uint64_t generated = 0, drafted = 0, sent = 0, verified = 0, accepted = 0, stale = 0, rounds = 0,
           reconnects = 0, recuts = 0;
  Micros started{0}, first_token{-1}, finished{0};  // first_token < 0: none yet
  Micros edge_compute{0};                           // inside Compute
  Micros cloud_time{0};                             // sum of server_us of verdicts and Opened
  Micros opened{-1};                                // the session's first Opened; < 0: none
  Micros rows_came{0};                              // of the last Opened: its rows_us
  std::optional<uint64_t> offline_from{};  // tokens that were there when the draft model went on alone
  Micros held{0};               // that the cloud held steps for drafts: the price it states in its verdicts
  double predicted_us = 0;      // per token, mean over the tokens for which there was a plan (mode auto)
  double streaming_us = 0;      // per token of the cloud streaming alone, by its own costs; 0: not told
  std::vector<Micros> network;  // per verdict that answers a frame: round trip less server time

  uint64_t OfflineTokens() const { return offline_from ? generated - *offline_from : 0; }
};

class Generation {
 public:
  // draft: the edge's own model; null in mode cloud and with ngrams, may be null in mode split. It must
  // outlive this. config must be valid: see Check.
  Generation(GenerationConfig config, Engine* draft);
  ~Generation();

  // kUsage or kContext with the offending values.
  static Status Check(const GenerationConfig& config, const Engine* draft);

  EdgeActions Start(Micros now);
  EdgeActions OnConnected(Micros now);
  EdgeActions OnFrame(ByteView bytes, Micros now);
  EdgeActions OnClosed(const Error& why, Micros now);
  EdgeActions OnComputed(const Result<LogitsView>& logits, Micros now);
  EdgeActions OnTimer(Micros now);  // call when NextTimer is due
  EdgeActions Cancel(Micros now);   // user interrupt: finish with the text so far
  // Mode split: goes on with another cut, whose rows leave from now on. The session is opened anew.
  EdgeActions Recut(const ModelCut& cut, Micros now);
  EdgeActions Abort(Error why, Micros now);  // something here has failed: finish with that
  // What came from the cloud and is not the loop's to read (rows, edge/split_back.h): it lives.
  void Heard(Micros now);
  EdgeActions OnBreach(const Error& why, Micros now);  // ... or it makes no sense

  // When OnTimer wants to be called; nullopt: nothing to wait for but events.
  std::optional<Micros> NextTimer() const;
  // Rows of the Compute under way.
  std::vector<SeqRows> draft_rows() const;
  // The cloud's last Welcome, for the program to tell what it is talking to.
  const std::optional<Welcome>& welcome() const;

  bool session_open() const;  // the cloud has admitted the session and the link stands
  // Sentences for the user that are no errors: where exactness does not hold, what ended the text early.
  const std::vector<std::string>& notes() const;

  const Planner& planner() const;  // what is known of draft, link and cloud

  const std::vector<Token>& text() const;  // prompt, then everything committed
  const GenerationStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem
