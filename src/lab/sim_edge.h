// An edge in a simulation: carries out a Generation's actions in virtual time and keeps what it showed. It
// watches the contract of generation.h on the way and remembers every breach.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decode/fake_engine.h"
#include "edge/generation.h"
#include "edge/split_back.h"
#include "edge/split_front.h"
#include "lab/event_queue.h"
#include "lab/sim_link.h"

namespace tandem {

class SimEdge {
 public:
  // Makes the n-th connection (from 0), or null when nobody answers.
  using Dial = std::function<std::shared_ptr<SimLink>(int n)>;

  // front, back: in mode split, over engines that outlive this; their steps take no time.
  SimEdge(EventQueue& queue, const GenerationConfig& config, Engine* draft, Dial dial, Micros draft_cost,
          std::unique_ptr<SplitFront> front = nullptr, std::unique_ptr<SplitBack> back = nullptr)
      : queue_(queue),
        draft_(draft),
        dial_(std::move(dial)),
        draft_cost_(draft_cost),
        generation_(config, draft),
        front_(std::move(front)),
        back_(std::move(back)) {}

  void Start() { Carry(generation_.Start(queue_.Now())); }
  void Cancel() { Carry(generation_.Cancel(queue_.Now())); }

  bool finished() const { return finished_; }
  Finish finish() const { return finish_; }
  const std::optional<Error>& error() const { return error_; }
  const std::vector<Token>& shown() const { return shown_; }  // every kCommit, in order
  const std::vector<Author>& authors() const { return authors_; }
  int dials() const { return dials_; }
  // Uplink of the session, from Opened on, WebSocket framing included.
  uint64_t bytes_up() const { return bytes_up_; }
  const Generation& generation() const { return generation_; }
  const std::string& breach() const { return breach_; }  // of the contract; empty when there was none

 private:
  void Carry(const EdgeActions& actions);
  void Do(const EdgeAction& action);
  void SendRows(const Bytes& frame);
  void Send(const Bytes& frame);
  void Hear(const Bytes& frame);
  void Rule();  // hands on what the head here says
  void Connect();
  void Compute();
  void Finished(const EdgeAction& action);
  void Watch();  // sees to it that OnTimer is called when it is due

  EventQueue& queue_;
  Engine* draft_;
  Dial dial_;
  Micros draft_cost_;
  Generation generation_;
  std::unique_ptr<SplitFront> front_;
  std::unique_ptr<SplitBack> back_;
  bool ruling_ = false;
  std::shared_ptr<SimLink> link_;
  bool dialing_ = false;
  bool computing_ = false;
  std::optional<Micros> watched_;
  int dials_ = 0;
  uint64_t bytes_up_ = 0;

  bool finished_ = false;
  Finish finish_ = Finish::kNone;
  std::optional<Error> error_;
  std::vector<Token> shown_;
  std::vector<Author> authors_;
  std::string breach_;
};

}  // namespace tandem
