// See sim_cloud.h.
#include "lab/sim_cloud.h"

#include <fmt/format.h>

#include "lab/step_curve.h"

namespace tandem {

Micros CloudSetup::CostOf(size_t rows) const {
  if (measured.empty()) return step_cost + row_cost * static_cast<int64_t>(rows);
  return StepCost(measured, rows);
}

SimCloud::SimCloud(EventQueue& queue, CloudSetup setup) : queue_(queue), setup_(std::move(setup)) {
  Start();
}
SimCloud::~SimCloud() = default;

void SimCloud::Start() {
  engine_ = std::make_unique<FakeEngine>(setup_.target);
  parts_.clear();
  if (setup_.layers > 0) setup_.service.parts = FakeParts(setup_.target, setup_.layers, &parts_);
  service_ = std::make_unique<Service>(*engine_, setup_.service);
}

int SimCloud::OpenSequences() const {
  int open = engine_->open_sequences();
  for (const FakeEngine* part : parts_) open += part->open_sequences();
  return open;
}

void SimCloud::Kill() {
  if (!up()) return;
  past_ = totals();
  ++life_;
  stepping_ = false;
  service_.reset();
  if (engine_->open_sequences() != 0) {
    trouble_ += fmt::format("a service that ended left {} sequences; ", engine_->open_sequences());
  }
  for (auto& [conn, link] : std::exchange(links_, {})) link->CloseCloud();
}

void SimCloud::Accept(const std::shared_ptr<SimLink>& link) {
  const ConnId conn = next_conn_++;
  links_[conn] = link;
  link->SetCloud({.on_frame =
                      [this, conn](const Bytes& frame) {
                        if (links_.count(conn) == 0) return;
                        Carry(service_->OnFrame(conn, frame, queue_.Now()));
                      },
                  .on_closed =
                      [this, conn](const Error&) {
                        if (links_.erase(conn) == 0) return;
                        Carry(service_->OnDisconnect(conn, queue_.Now()));
                      }});
  Carry(service_->OnConnect(conn, queue_.Now()));
}

void SimCloud::Tick() {
  if (up()) Carry(service_->OnTick(queue_.Now()));
}

void SimCloud::FailNextStep() {
  if (up()) engine_->FailNextStep({ErrorCode::kInternal, "a step that fails on purpose"});
}

void SimCloud::Carry(const Actions& actions) {
  for (const Action& action : actions) {
    const auto it = links_.find(action.conn);
    if (it == links_.end()) continue;
    if (action.kind == Action::Kind::kSend) {
      it->second->SendDown(action.frame);
    } else {
      it->second->CloseCloud();
      links_.erase(it);
    }
  }
  Pump();
}

void SimCloud::Pump() {
  const std::optional<Micros> due = service_->WorkDue();
  if (stepping_ || !due) return;
  if (*due > queue_.Now()) {
    queue_.At(*due, [this, life = life_] {
      if (life == life_) Pump();
    });
    return;
  }
  const std::vector<SeqRows> rows = service_->PlanStep(queue_.Now());
  if (rows.empty()) {
    trouble_ += "the service has work and plans no step; ";
    return;
  }
  stepping_ = true;
  size_t count = 0;
  for (const SeqRows& r : rows) count += r.tokens.size();
  const Micros cost = setup_.CostOf(count);
  busy_ += cost;
  queue_.After(
      cost, [this, life = life_, engine = &service_->step_engine(), rows] { StepDone(life, *engine, rows); });
}

void SimCloud::StepDone(uint64_t life, Engine& engine, const std::vector<SeqRows>& rows) {
  if (life != life_) return;
  stepping_ = false;
  const Result<LogitsView> logits = engine.Step(rows);
  if (!logits && logits.error().message.find("on purpose") == std::string::npos) {
    trouble_ += fmt::format("the target refused a step: {}; ", logits.error().message);
  }
  Carry(service_->OnStepDone(logits, queue_.Now()));
}

void SimCloud::CheckIdle() {
  if (!up()) return;
  if (service_->sessions() != 0) trouble_ += fmt::format("{} sessions leaked; ", service_->sessions());
  if (OpenSequences() != service_->cached_texts()) {
    trouble_ +=
        fmt::format("{} sequences of the target leaked; ", OpenSequences() - service_->cached_texts());
  }
}

ServiceStats SimCloud::totals() const {
  ServiceStats sum = past_;
  if (up()) sum += service_->stats();
  return sum;
}

}  // namespace tandem
