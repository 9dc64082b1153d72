// See simulation.h.
#include "testing/simulation.h"

#include <algorithm>

namespace tandem::testing {

struct Simulation::Wire {
  ConnId id = 0;
  size_t edge = 0;
  bool edge_end = true, cloud_end = true;  // whether that end still belongs to the connection
  bool lossy = false;                      // nothing arrives any more
  Micros last_up{0}, last_down{0};         // keeps order in spite of jitter
};

struct Simulation::Edge {
  SimEdge spec;
  std::unique_ptr<FakeEngine> draft;
  std::unique_ptr<Generation> generation;
  std::shared_ptr<Wire> wire;
  uint64_t dial = 0;  // of the latest kConnect
  int connects = 0;
  bool started = false;
  Finish finish = Finish::kNone;
  std::optional<Error> error;
  std::vector<Author> authors;
};

struct Simulation::Cloud {
  Cloud(const FakeEngineConfig& target, const ServiceConfig& config)
      : engine(target), service(engine, config) {}
  FakeEngine engine;
  Service service;
  bool stepping = false;
};

Simulation::Simulation(uint64_t seed, const FakeEngineConfig& target, const ServiceConfig& service,
                       const CostModel& cost)
    : random_(seed),
      target_(target),
      service_config_(service),
      cost_(cost),
      cloud_(std::make_unique<Cloud>(target, service)) {}

Simulation::~Simulation() = default;

size_t Simulation::AddEdge(const SimEdge& spec) {
  auto edge = std::make_unique<Edge>();
  edge->spec = spec;
  edge->draft = std::make_unique<FakeEngine>(spec.draft);
  edge->generation = std::make_unique<Generation>(
      spec.config, spec.config.mode == Mode::kCloud ? nullptr : edge->draft.get());
  edges_.push_back(std::move(edge));
  const size_t index = edges_.size() - 1;
  At(spec.start, [this, index] {
    edges_[index]->started = true;
    Carry(index, edges_[index]->generation->Start(clock_.Now()));
  });
  return index;
}

void Simulation::At(Micros when, std::function<void()> what) {
  due_.push({std::max(when, clock_.Now()), order_++, std::move(what)});
}

Micros Simulation::Delay(const LinkModel& link) {
  return link.one_way +
         Micros(static_cast<int64_t>(random_() % static_cast<uint64_t>(link.jitter.count() + 1)));
}

void Simulation::ToEdge(const std::shared_ptr<Wire>& wire, std::function<void()> deliver) {
  wire->last_down = std::max(wire->last_down, clock_.Now() + Delay(edges_[wire->edge]->spec.link));
  At(wire->last_down, [wire, deliver = std::move(deliver)] {
    if (wire->edge_end && !wire->lossy) deliver();
  });
}

void Simulation::ToCloud(const std::shared_ptr<Wire>& wire, std::function<void()> deliver) {
  wire->last_up = std::max(wire->last_up, clock_.Now() + Delay(edges_[wire->edge]->spec.link));
  At(wire->last_up, [wire, deliver = std::move(deliver)] {
    if (wire->cloud_end && !wire->lossy) deliver();
  });
}

void Simulation::Connect(size_t index) {
  Edge& edge = *edges_[index];
  ++edge.connects;
  const uint64_t dial = ++edge.dial;
  At(clock_.Now() + 2 * Delay(edge.spec.link), [this, index, dial] {
    Edge& e = *edges_[index];
    if (e.dial != dial || e.finish != Finish::kNone) return;
    if (!cloud_up_)
      return Carry(index, e.generation->OnClosed({ErrorCode::kNetwork, "nobody listens"}, clock_.Now()));
    e.wire = std::make_shared<Wire>();
    e.wire->id = next_conn_++;
    e.wire->edge = index;
    wires_[e.wire->id] = e.wire;
    Carry(cloud_->service.OnConnect(e.wire->id, clock_.Now()));
    Carry(index, e.generation->OnConnected(clock_.Now()));
  });
}

// The edge hangs up: the cloud hears of it after what was sent before.
void Simulation::DropWire(Edge& edge) {
  if (!edge.wire) return;
  const std::shared_ptr<Wire> wire = std::exchange(edge.wire, nullptr);
  wire->edge_end = false;
  ToCloud(wire, [this, wire] {
    wire->cloud_end = false;
    wires_.erase(wire->id);
    Carry(cloud_->service.OnDisconnect(wire->id, clock_.Now()));
  });
}

void Simulation::Carry(size_t index, EdgeActions actions) {
  Edge& edge = *edges_[index];
  for (EdgeAction& action : actions) {
    switch (action.kind) {
      case EdgeAction::Kind::kConnect:
        Connect(index);
        break;
      case EdgeAction::Kind::kDisconnect:
        DropWire(edge);
        break;
      case EdgeAction::Kind::kSend:
        if (edge.wire) {
          const std::shared_ptr<Wire> wire = edge.wire;
          ToCloud(wire, [this, wire, frame = action.frame] {
            Carry(cloud_->service.OnFrame(wire->id, frame, clock_.Now()));
            Kick();
          });
        }
        break;
      case EdgeAction::Kind::kCompute:
        At(clock_.Now() + cost_.draft, [this, index] {
          Edge& e = *edges_[index];
          if (e.finish != Finish::kNone) return;
          const std::vector<SeqRows> rows = e.generation->draft_rows();
          Carry(index, e.generation->OnComputed(e.draft->Step(rows), clock_.Now()));
        });
        break;
      case EdgeAction::Kind::kCommit:
        edge.authors.insert(edge.authors.end(), action.authors.begin(), action.authors.end());
        break;
      case EdgeAction::Kind::kFinish:
        edge.finish = action.finish;
        edge.error = action.error;
    }
  }
  ArmTimer(index);
}

void Simulation::ArmTimer(size_t index) {
  const std::optional<Micros> timer = edges_[index]->generation->NextTimer();
  if (!timer) return;
  At(*timer, [this, index, at = *timer] {
    Edge& edge = *edges_[index];
    // Armed after every event; only the one that is still due counts.
    if (edge.finish == Finish::kNone && edge.generation->NextTimer() == at) {
      Carry(index, edge.generation->OnTimer(clock_.Now()));
    }
  });
}

void Simulation::Carry(Actions actions) {
  for (Action& action : actions) {
    const auto it = wires_.find(action.conn);
    if (it == wires_.end()) continue;
    const std::shared_ptr<Wire> wire = it->second;
    if (action.kind == Action::Kind::kSend) {
      ToEdge(wire, [this, wire, frame = std::move(action.frame)] {
        Carry(wire->edge, edges_[wire->edge]->generation->OnFrame(frame, clock_.Now()));
      });
      continue;
    }
    wires_.erase(it);
    wire->cloud_end = false;
    ToEdge(wire, [this, wire] {
      wire->edge_end = false;
      edges_[wire->edge]->wire.reset();
      Carry(wire->edge, edges_[wire->edge]->generation->OnClosed({ErrorCode::kNetwork, "closed by the cloud"},
                                                                 clock_.Now()));
    });
  }
}

void Simulation::Kick() {
  if (cloud_->stepping || !cloud_up_) return;
  const std::vector<SeqRows> rows = cloud_->service.PlanStep(clock_.Now());
  if (rows.empty()) return;
  size_t count = 0;
  for (const SeqRows& r : rows) count += r.tokens.size();
  cloud_->stepping = true;
  At(clock_.Now() + cost_.step + cost_.row * static_cast<int64_t>(count), [this, rows, cloud = cloud_.get()] {
    if (cloud != cloud_.get()) return;  // killed in the middle of the step
    cloud_->stepping = false;
    Carry(cloud_->service.OnStepDone(cloud_->engine.Step(rows), clock_.Now()));
    Kick();
  });
}

void Simulation::CutLink(size_t index) {
  Edge& edge = *edges_[index];
  if (!edge.wire) return;
  const std::shared_ptr<Wire> wire = edge.wire;
  wire->lossy = true;
  At(clock_.Now() + Delay(edge.spec.link), [this, wire] {
    if (!wire->edge_end) return;
    wire->edge_end = false;
    Edge& e = *edges_[wire->edge];
    e.wire.reset();
    Carry(wire->edge, e.generation->OnClosed({ErrorCode::kNetwork, "connection reset"}, clock_.Now()));
  });
  At(clock_.Now() + Delay(edge.spec.link), [this, wire] {
    if (!wire->cloud_end) return;
    wire->cloud_end = false;
    wires_.erase(wire->id);
    Carry(cloud_->service.OnDisconnect(wire->id, clock_.Now()));
  });
}

void Simulation::HalfOpenLink(size_t index) {
  if (edges_[index]->wire) edges_[index]->wire->lossy = true;
}

void Simulation::RestartCloud(Micros down) {
  for (const auto& [id, wire] : wires_) {
    wire->cloud_end = false;
    wire->lossy = true;
    At(clock_.Now() + Delay(edges_[wire->edge]->spec.link), [this, w = wire] {
      if (!w->edge_end) return;
      w->edge_end = false;
      edges_[w->edge]->wire.reset();
      Carry(w->edge,
            edges_[w->edge]->generation->OnClosed({ErrorCode::kNetwork, "connection reset"}, clock_.Now()));
    });
  }
  wires_.clear();
  cloud_up_ = false;
  cloud_ = std::make_unique<Cloud>(target_, service_config_);
  At(clock_.Now() + down, [this] { cloud_up_ = true; });
}

bool Simulation::Run(Micros limit) {
  const auto all_done = [&] {
    return std::all_of(edges_.begin(), edges_.end(),
                       [](const auto& e) { return e->finish != Finish::kNone; });
  };
  while (!due_.empty() && !all_done() && due_.top().at <= limit) {
    const Due next = due_.top();
    due_.pop();
    clock_.AdvanceTo(next.at);
    next.what();
    Carry(cloud_->service.OnTick(clock_.Now()));
    Kick();
  }
  return all_done();
}

void Simulation::HangUpAll() {
  for (const auto& edge : edges_) DropWire(*edge);
  // A half-open link tells the cloud nothing: its session ends by the time-out.
  while (!due_.empty()) {
    const Due next = due_.top();
    due_.pop();
    clock_.AdvanceTo(next.at);
    next.what();
  }
  clock_.AdvanceTo(clock_.Now() + service_config_.session_timeout + service_config_.hello_timeout);
  Carry(cloud_->service.OnTick(clock_.Now()));
}

const Generation& Simulation::generation(size_t edge) const {
  return *edges_[edge]->generation;
}
Finish Simulation::finish(size_t edge) const {
  return edges_[edge]->finish;
}
const std::optional<Error>& Simulation::error(size_t edge) const {
  return edges_[edge]->error;
}
const std::vector<Author>& Simulation::authors(size_t edge) const {
  return edges_[edge]->authors;
}
int Simulation::connects(size_t edge) const {
  return edges_[edge]->connects;
}
int Simulation::draft_sequences(size_t edge) const {
  return edges_[edge]->draft->open_sequences();
}
Service& Simulation::service() {
  return cloud_->service;
}
FakeEngine& Simulation::engine() {
  return cloud_->engine;
}

}  // namespace tandem::testing
