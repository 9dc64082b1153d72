// See server.h.
#include "cloud/server.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace tandem {
namespace {

constexpr Micros kTick{250'000};  // how late a time-out may be noticed

struct Event {
  enum class Kind { kOpen, kFrame, kClosed };
  Kind kind = Kind::kOpen;
  ConnId conn = 0;
  Bytes frame;
  Micros at{0};  // arrival: what the cloud says it took counts from here
};

}  // namespace

struct CloudServer::State {
  State(std::unique_ptr<Engine> e, ServiceConfig config)
      : engine(std::move(e)), service(*engine, std::move(config)) {}

  // --- I/O thread. The transport stops reading a connection whose frames are not Consumed, which bounds the
  // queue.
  void Put(Event event) {
    event.at = clock.Now();
    const std::lock_guard lock(mutex);
    queue.push_back(std::move(event));
    wake.notify_one();
  }

  // --- inference thread
  void Serve() {
    while (!stop.load()) {
      TakeEvents(service.HasWork() ? Micros{0} : kTick);
      Step();
      Publish();
    }
  }

  void TakeEvents(Micros wait) {
    std::deque<Event> events;
    {
      std::unique_lock lock(mutex);
      if (queue.empty() && wait > Micros{0}) {
        wake.wait_for(lock, wait,
                      [&] { return !queue.empty() || stop.load() || (draining.load() && !drain_seen); });
      }
      events.swap(queue);
    }
    if (draining.load() && !drain_seen) {
      drain_seen = true;
      service.Drain();
    }
    for (const Event& event : events) On(event);
    Carry(service.OnTick(clock.Now()));
  }

  void On(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kOpen:
        return Carry(service.OnConnect(event.conn, event.at));
      case Event::Kind::kClosed:
        return Carry(service.OnDisconnect(event.conn, event.at));
      case Event::Kind::kFrame:
        Carry(service.OnFrame(event.conn, event.frame, event.at));
        server->Consumed(event.conn, 1);
    }
  }

  void Step() {
    const std::vector<SeqRows> rows = service.PlanStep(clock.Now());
    if (!rows.empty()) Carry(service.OnStepDone(engine->Step(rows), clock.Now()));
  }

  // A connection that cannot be written to any more is reported closed by the transport.
  void Carry(Actions actions) {
    for (Action& action : actions) {
      if (action.kind == Action::Kind::kSend) {
        (void)server->Send(action.conn, std::move(action.frame));
      } else {
        server->Close(action.conn);
      }
    }
  }

  void Publish() {
    const std::lock_guard lock(mutex);
    published = service.stats();
    sessions = service.sessions();
    if (drain_seen && service.Drained()) drained.notify_all();
  }

  SteadyClock clock;
  std::unique_ptr<Engine> engine;
  Service service;
  std::unique_ptr<WsServer> server;
  std::thread thread;

  mutable std::mutex mutex;
  std::condition_variable wake, drained;
  std::deque<Event> queue;
  ServiceStats published;
  int sessions = 0;
  std::atomic<bool> stop{false}, draining{false};
  bool drain_seen = false;  // inference thread's
};

CloudServer::CloudServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<CloudServer>> CloudServer::Start(std::unique_ptr<Engine> engine, ServiceConfig config,
                                                        const WsServerOptions& options) {
  auto state = std::make_unique<State>(std::move(engine), std::move(config));
  State* raw = state.get();
  Result<std::unique_ptr<WsServer>> server =
      ListenWebSocket(options, {.on_open =
                                    [raw](ConnId conn, const std::string&) {
                                      raw->Put({Event::Kind::kOpen, conn, {}, {}});
                                    },
                                .on_frame =
                                    [raw](ConnId conn, Bytes frame) {
                                      raw->Put({Event::Kind::kFrame, conn, std::move(frame), {}});
                                    },
                                .on_closed =
                                    [raw](ConnId conn, const Error&) {
                                      raw->Put({Event::Kind::kClosed, conn, {}, {}});
                                    }});
  if (!server) return Forward(server);
  state->server = std::move(*server);
  state->thread = std::thread([raw] { raw->Serve(); });
  return std::unique_ptr<CloudServer>(new CloudServer(std::move(state)));
}

CloudServer::~CloudServer() {
  state_->stop = true;
  {
    const std::lock_guard lock(state_->mutex);
    state_->wake.notify_all();
  }
  state_->thread.join();
  state_->server->Stop();
}

uint16_t CloudServer::port() const {
  return state_->server->port();
}
std::string CloudServer::address() const {
  return state_->server->address();
}

bool CloudServer::Drain(Micros patience) {
  state_->draining = true;
  std::unique_lock lock(state_->mutex);
  state_->wake.notify_all();
  const auto ended = [&] { return state_->sessions == 0; };
  // The inference thread may not have seen the flag yet: give it one turn before its count is believed.
  state_->drained.wait_for(lock, std::min(patience, kTick * 2));
  const bool all = ended() || state_->drained.wait_for(lock, patience, ended);
  lock.unlock();
  state_->server->Stop();
  return all;
}

ServiceStats CloudServer::stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->published;
}

int CloudServer::sessions() const {
  const std::lock_guard lock(state_->mutex);
  return state_->sessions;
}

}  // namespace tandem
