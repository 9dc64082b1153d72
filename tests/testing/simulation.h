// Edges, links and a cloud in one thread under a virtual clock: the real Generation and Service over fake
// engines, with delays, jitter, cuts, half-open links and server restarts. Everything follows from the seed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "base/clock.h"
#include "cloud/service.h"
#include "decode/fake_engine.h"
#include "edge/generation.h"

namespace tandem::testing {

struct LinkModel {
  Micros one_way{10'000};
  Micros jitter{0};  // added, uniform in [0, jitter]; order is kept
};

struct CostModel {
  Micros step{5'000};  // of the target, plus per row
  Micros row{500};
  Micros draft{1'000};  // one draft step at the edge
};

struct SimEdge {
  GenerationConfig config;
  FakeEngineConfig draft;
  LinkModel link;
  Micros start{0};
};

class Simulation {
 public:
  Simulation(uint64_t seed, const FakeEngineConfig& target, const ServiceConfig& service,
             const CostModel& cost);
  ~Simulation();

  size_t AddEdge(const SimEdge& edge);
  void At(Micros when, std::function<void()> what);  // a fault, say

  void CutLink(size_t edge);       // both ends notice, each after its own delay; what is on the way is lost
  void HalfOpenLink(size_t edge);  // nobody notices, everything is lost from now on
  void RestartCloud(Micros down);  // all sessions and connections are gone; dialling fails until it is back

  // Runs until every edge has finished, or `limit` of virtual time. True if all have.
  bool Run(Micros limit);
  // Closes what is still connected and lets the cloud notice.
  void HangUpAll();

  const Generation& generation(size_t edge) const;
  Finish finish(size_t edge) const;
  const std::optional<Error>& error(size_t edge) const;
  const std::vector<Author>& authors(size_t edge) const;
  int connects(size_t edge) const;  // dials that were tried
  int draft_sequences(size_t edge) const;

  Service& service();
  FakeEngine& engine();
  Micros now() const { return clock_.Now(); }

 private:
  struct Edge;
  struct Wire;  // one connection
  struct Cloud;

  void Carry(size_t edge, EdgeActions actions);
  void Carry(Actions actions);
  void Connect(size_t edge);
  void DropWire(Edge& edge);
  void ToEdge(const std::shared_ptr<Wire>& wire, std::function<void()> deliver);
  void ToCloud(const std::shared_ptr<Wire>& wire, std::function<void()> deliver);
  Micros Delay(const LinkModel& link);
  void Kick();
  void ArmTimer(size_t edge);

  struct Due {
    Micros at;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Due& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  VirtualClock clock_;
  std::mt19937_64 random_;
  std::priority_queue<Due> due_;
  uint64_t order_ = 0;
  FakeEngineConfig target_;
  ServiceConfig service_config_;
  CostModel cost_;
  std::unique_ptr<Cloud> cloud_;
  bool cloud_up_ = true;
  std::vector<std::unique_ptr<Edge>> edges_;
  std::map<ConnId, std::shared_ptr<Wire>> wires_;
  ConnId next_conn_ = 1;
};

}  // namespace tandem::testing
