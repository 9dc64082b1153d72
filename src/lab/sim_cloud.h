// A cloud in a simulation: the real Service over a FakeEngine, its steps taking virtual time. It can be
// killed and started again with nothing remembered.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cloud/fake_parts.h"
#include "cloud/service.h"
#include "decode/fake_engine.h"
#include "lab/event_queue.h"
#include "lab/sim_link.h"

namespace tandem {

struct CloudSetup {
  FakeEngineConfig target;
  ServiceConfig service;
  int layers = 0;                  // of a model that is served in parts; 0: it is not
  Micros step_cost{5'000};         // of one engine step ...
  Micros row_cost{200};            // ... and of each of its rows
  std::vector<Micros> measured{};  // instead of both: lab/step_curve.h

  Micros CostOf(size_t rows) const;
};

class SimCloud {
 public:
  SimCloud(EventQueue& queue, CloudSetup setup);
  ~SimCloud();

  bool up() const { return service_ != nullptr; }
  void Accept(const std::shared_ptr<SimLink>& link);  // must be up
  void Tick();                                        // the server's clock: time-outs
  void Kill();                                        // every connection is lost, every session forgotten
  void Start();
  void FailNextStep();

  // What went wrong inside: leaked sequences, work that no step is planned for. Empty when all is well.
  const std::string& trouble() const { return trouble_; }
  // Adds to trouble() whatever a cloud without edges should have let go.
  void CheckIdle();
  ServiceStats totals() const;           // of all lives
  Micros busy() const { return busy_; }  // in steps

 private:
  void Carry(const Actions& actions);
  void Pump();  // starts a step if one is due
  void StepDone(uint64_t life, Engine& engine, const std::vector<SeqRows>& rows);
  int OpenSequences() const;

  EventQueue& queue_;
  CloudSetup setup_;
  std::unique_ptr<FakeEngine> engine_;
  std::vector<FakeEngine*> parts_{};  // the service's
  std::unique_ptr<Service> service_;
  std::map<ConnId, std::shared_ptr<SimLink>> links_;
  ConnId next_conn_ = 1;
  uint64_t life_ = 0;
  bool stepping_ = false;
  Micros busy_{0};
  std::string trouble_;
  ServiceStats past_;  // of lives that ended
};

}  // namespace tandem
