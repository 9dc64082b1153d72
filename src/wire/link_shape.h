// The arithmetic of a bad link: when does what is sent now arrive? The one law behind the real proxy
// (tcp_proxy.h), the edge's own shaping (shaped_link.h) and simulations under a virtual clock
// (memory_transport.h).
//
// A direction is a FIFO pipe of segments, as TCP makes them of messages. A segment waits until those before
// it are on the line, takes bytes * 8 / rate to get there, travels half a round trip and up to `jitter` more.
// A lost one is sent again after a stall:
// - one round trip when at least three segments of the same message follow it, whose acknowledgements tell of
//   the gap (fast retransmit, RFC 5681, 3.2);
// - else, and for every further loss of the same segment, a retransmission time-out: the round trip and
//   200 ms (Linux's least margin above it), doubled from loss to loss up to 60 s (RFC 6298, 5.5).
// Nothing overtakes: what comes behind a lost segment waits for it. In a cut all of this stands still and
// goes on after it. Not modelled: congestion control, the line time of retransmissions, and a sender that
// after a cut sleeps out a doubled time-out.
//
// Chances are Philox numbers addressed by (seed, connection, direction, segment): the same traffic meets the
// same fate in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/types.h"
#include "wire/link_cuts.h"

namespace tandem {

struct LinkRates {
  double down_bps = 0;  // bits a second towards the edge; 0: no limit
  double up_bps = 0;    // from the edge
  friend bool operator==(const LinkRates&, const LinkRates&) = default;
};

struct LinkShape {
  Micros rtt{0};     // of an empty message; half of it each way
  Micros jitter{0};  // each segment is late by 0 to so much more, uniformly
  LinkRates rates{};
  double loss = 0;  // part of the segments that is lost, each time they are sent; 0 to kMaxLoss
  LinkCuts cuts{};
  uint64_t seed = 0;  // of jitter and loss

  bool Changes() const {
    return rtt > Micros{0} || jitter > Micros{0} || rates != LinkRates{} || loss > 0 || cuts.Any();
  }
};

constexpr double kMaxLoss = 0.5;
constexpr size_t kSegmentBytes = 1448;  // of TCP over Ethernet, with time stamps

// "20ms", "1.5s", "200us", "0". kUsage otherwise, and past an hour.
Result<Micros> ParseDuration(std::string_view text);

// "10mbit" both ways, "10mbit/1mbit" down and up as the edge sees it; bit, kbit, mbit and gbit a second, at
// least 1 kbit. kUsage otherwise.
Result<LinkRates> ParseRates(std::string_view text);

// "1%", "0.5%", "0": a part, from 0 to kMaxLoss. kUsage otherwise.
Result<double> ParseLoss(std::string_view text);

enum class Direction { kUp, kDown };

// Which of a link's connections this is, and when the link began, from which cuts are counted.
struct LinkUse {
  uint32_t connection = 0;
  Micros start{0};
};

// One direction of one connection. Copyable: a copy continues alike.
class ShapedPipe {
 public:
  ShapedPipe(const LinkShape& shape, Direction direction, const LinkUse& use = {});

  // Arrival of a message of so many bytes that is sent now: of its last segment. `now` must not decrease from
  // call to call.
  Micros DeliverAt(size_t bytes, Micros now);
  // Arrival of one segment of at most kSegmentBytes, of whose message `behind` segments follow.
  Micros SegmentAt(size_t bytes, size_t behind, Micros now);

  uint64_t stalls() const { return stalls_; }  // segments so far that were lost at least once

 private:
  double LateBy(size_t behind);
  double Stall(int losses, size_t behind) const;

  LinkShape shape_;
  Direction direction_;
  LinkUse use_;
  double us_per_byte_ = 0;
  uint64_t sent_ = 0;    // segments so far
  uint64_t stalls_ = 0;  // of them lost
  // In the link's uptime.
  double line_free_us_ = 0;  // when the last segment has left
  double last_arrival_us_ = 0;
};

// Bytes of a binary WebSocket message above TCP (RFC 6455, 5.2): 2, 4 or 10 of header, 4 of mask from a
// client.
size_t WebSocketBytes(size_t payload, Direction direction);

}  // namespace tandem
