// One connection between a simulated edge and a simulated cloud: frames arrive in order, when
// wire/link_shape.h says, until
// the connection is closed or the weather breaks it.
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "lab/event_queue.h"
#include "wire/link_shape.h"

namespace tandem {

enum class Cut {
  kReset,     // both ends are told at once; frames under way are lost
  kHalfOpen,  // nothing arrives any more and nobody is told, until a transport's idle time-out
  kUpLost,    // the same from edge to cloud only
  kDownLost,  // the same from cloud to edge only
};

struct Weather {
  LinkShape shape{.rtt = Micros{20'000}};
  // The link breaks at its cut_at-th event (a frame sent or a frame arriving), from 0; -1: never. Events
  // count only once the edge has had `spared` frames, rows that come back left out.
  int cut_at = -1;
  int spared = 0;
  Cut cut = Cut::kReset;
  int repeat_every = 0;  // each n-th frame of the steady state arrives twice, in both directions; 0: none
  // How long a silent cut stays unnoticed by the cloud's end; by the edge's, too, if it is told at all: else
  // its own patience must find out.
  Micros idle_timeout{8'000'000};
  bool edge_is_told = true;
};

// What one end wants to hear. on_closed comes once, last, and not for one's own Close.
struct LinkEnd {
  std::function<void(Bytes)> on_frame;
  std::function<void(Error)> on_closed;
};

class SimLink : public std::enable_shared_from_this<SimLink> {
 public:
  SimLink(EventQueue& queue, const Weather& weather)
      : queue_(queue),
        weather_(weather),
        edge_(ShapedPipe(weather.shape, Direction::kDown)),
        cloud_(ShapedPipe(weather.shape, Direction::kUp)) {}

  void SetEdge(LinkEnd end) { edge_.end = std::move(end); }
  void SetCloud(LinkEnd end) { cloud_.end = std::move(end); }

  void SendUp(Bytes frame) { Send(edge_, cloud_, std::move(frame)); }
  void SendDown(Bytes frame) { Send(cloud_, edge_, std::move(frame)); }
  // The end hears nothing from now on; the other is told after what was sent before.
  void CloseEdge() { Close(edge_, cloud_); }
  void CloseCloud() { Close(cloud_, edge_); }

  bool edge_open() const { return edge_.open; }

 private:
  struct Side {
    explicit Side(const ShapedPipe& p) : pipe(p) {}
    LinkEnd end{};
    ShapedPipe pipe;      // what it takes to get here
    bool open = true;     // listens
    bool reached = true;  // frames for it still get through
  };

  void Send(Side& from, Side& to, Bytes frame);
  void Deliver(Side& to, Bytes frame);
  void Close(Side& from, Side& to);
  void Tell(Side& side, Micros when, const char* why);
  void Step();  // counts an event; the link may break here

  EventQueue& queue_;
  Weather weather_;
  Side edge_, cloud_;
  int events_ = 0;
  int sent_ = 0;      // frames of the steady state
  int edge_had_ = 0;  // frames
};

}  // namespace tandem
