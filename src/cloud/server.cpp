// The shell around the service, see server.h.
#include "cloud/server.h"

#include <algorithm>

#include "base/clock.h"
#include "cloud/calibrate.h"

namespace tandem {
namespace {

// Frames of one connection that wait at a time. An edge is seldom more than two ahead of its answers.
constexpr int kUnconsumedFrames = 4;

constexpr Micros kCalibration{1'500'000};

Micros Now() {
  return SteadyClock().Now();
}

// The largest frame with any business here is an Open of a full context: at most 5 bytes an id, 8 bytes a
// span, and a little; or rows of activations. Somewhat more is let in, so that a prompt that is too long
// hears so from the service.
size_t FrameBound(Pos context, bool rows) {
  const size_t most = std::max(rows ? kMaxRowsBytes : 0, size_t{5} * static_cast<size_t>(context));
  return std::min(kMaxFrameBytes, (size_t{64} << 10) + most);
}

// Often enough to end a connection not much later than its time.
Micros TickOf(const ServiceConfig& config) {
  return std::clamp(std::min(config.hello_timeout, config.session_timeout) / 4, Micros{1'000},
                    Micros{1'000'000});
}

}  // namespace

Result<std::unique_ptr<CloudServer>> CloudServer::Start(std::unique_ptr<Engine> engine, ServiceConfig config,
                                                        WsServerOptions listen) {
  if (Status s = Service::Check(engine->info(), config); !s) return Forward(s);
  const bool rows = config.parts.has_value();
  std::unique_ptr<CloudServer> server(new CloudServer(std::move(engine), std::move(config)));
  // A model that cannot take these steps will say so to its sessions.
  (void)Calibrate(*server->engine_, SteadyClock(), kCalibration, server->service_);
  if (Status s = server->Listen(std::move(listen), rows); !s) return Forward(s);
  server->inference_ = std::thread([raw = server.get()] { raw->Serve(); });
  return server;
}

CloudServer::CloudServer(std::unique_ptr<Engine> engine, ServiceConfig config)
    : engine_(std::move(engine)), service_(*engine_, config), tick_(TickOf(config)) {}

CloudServer::~CloudServer() {
  Stop();
}

Status CloudServer::Listen(WsServerOptions listen, bool rows) {
  listen.limits.max_frame_bytes = FrameBound(engine_->info().context, rows);
  listen.max_unconsumed = kUnconsumedFrames;
  WsServerCallbacks callbacks;
  callbacks.on_open = [this](ConnId conn, const std::string&) { inbox_.Opened(conn, Now()); };
  callbacks.on_frame = [this](ConnId conn, Bytes frame) { inbox_.Frame(conn, std::move(frame), Now()); };
  callbacks.on_closed = [this](ConnId conn, const Error&) { inbox_.Closed(conn, Now()); };
  Result<std::unique_ptr<WsServer>> transport = ListenWebSocket(listen, std::move(callbacks));
  if (!transport) return Forward(transport);
  transport_ = std::move(*transport);
  return {};
}

void CloudServer::Serve() {
  Micros next_tick = Now() + tick_;
  while (!stopping_) {
    const Micros wake = std::min(next_tick, service_.WorkDue().value_or(next_tick));
    const Micros patience = std::max(Micros{0}, wake - Now());
    for (InboxEvent& event : inbox_.Take(patience)) Handle(event);
    if (draining_) service_.Drain();
    if (Now() >= next_tick) {
      Carry(service_.OnTick(Now()));
      next_tick = Now() + tick_;
    }
    Step();
    Publish();
  }
  Carry(service_.Shutdown());
  Publish();
}

void CloudServer::Handle(InboxEvent& event) {
  switch (event.kind) {
    case InboxEvent::Kind::kOpened:
      Carry(service_.OnConnect(event.conn, event.arrived));
      return;
    case InboxEvent::Kind::kFrame:
      Carry(service_.OnFrame(event.conn, event.frame, event.arrived));
      transport_->Consumed(event.conn, 1);
      return;
    case InboxEvent::Kind::kClosed:
      Carry(service_.OnDisconnect(event.conn, event.arrived));
      return;
  }
}

void CloudServer::Step() {
  const std::vector<SeqRows> rows = service_.PlanStep(Now());
  if (rows.empty()) return;
  const Result<LogitsView> logits = service_.step_engine().Step(rows);
  Carry(service_.OnStepDone(logits, Now()));
}

// A frame that cannot be sent belongs to a connection that is ending: its Closed will come.
void CloudServer::Carry(Actions actions) {
  for (Action& action : actions) {
    if (action.kind == Action::Kind::kSend) {
      (void)transport_->Send(action.conn, std::move(action.frame));
    } else {
      transport_->Close(action.conn);
    }
  }
}

void CloudServer::Publish() {
  sessions_ = service_.sessions();
  {
    const std::lock_guard lock(published_mutex_);
    stats_ = service_.stats();
    drained_ = service_.Drained();
  }
  published_.notify_all();
}

bool CloudServer::Drain(Micros patience) {
  draining_ = true;
  inbox_.Wake();
  std::unique_lock lock(published_mutex_);
  const bool drained = published_.wait_for(lock, patience, [this] { return drained_; });
  lock.unlock();
  Stop();
  return drained;
}

void CloudServer::Stop() {
  stopping_ = true;
  inbox_.Wake();
  if (inference_.joinable()) inference_.join();
  if (transport_) transport_->Stop();
}

ServiceStats CloudServer::stats() const {
  const std::lock_guard lock(published_mutex_);
  return stats_;
}

}  // namespace tandem
