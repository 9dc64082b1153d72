// The arithmetic of a slow link: when does a message sent now arrive? Pure and seeded, so that simulations
// run it under a virtual clock and shaped_link.h under the real one.
//
// A direction is a FIFO pipe: a message waits until those before it are on the line, takes bytes * 8 / rate
// to get there, travels half a round trip and up to `jitter` more, and never overtakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

struct LinkRates {
  double down_bps = 0;  // bits a second towards the edge; 0: no limit
  double up_bps = 0;    // from the edge
  friend bool operator==(const LinkRates&, const LinkRates&) = default;
};

struct LinkShape {
  Micros rtt{0};     // of an empty message; half of it each way
  Micros jitter{0};  // each message is late by 0 to so much more, uniformly
  LinkRates rates{};
  uint64_t seed = 0;  // of the jitter

  bool Changes() const { return rtt > Micros{0} || jitter > Micros{0} || rates != LinkRates{}; }
};

// "20ms", "1.5s", "200us", "0". kUsage otherwise, and past an hour.
Result<Micros> ParseDuration(std::string_view text);

// "10mbit" both ways, "10mbit/1mbit" down and up as the edge sees it; bit, kbit, mbit and gbit a second, at
// least 1 kbit. kUsage otherwise.
Result<LinkRates> ParseRates(std::string_view text);

enum class Direction { kUp, kDown };

// One direction of a link. Copyable: a copy continues alike.
class ShapedPipe {
 public:
  ShapedPipe(const LinkShape& shape, Direction direction);

  // Arrival of a message of so many bytes that is sent now. `now` must not decrease from call to call.
  Micros DeliverAt(size_t bytes, Micros now);

 private:
  double Jitter();

  double delay_us_;
  double jitter_us_;
  double us_per_byte_;
  uint64_t key_;
  uint64_t sent_ = 0;        // messages so far: the jitter's counter
  double line_free_us_ = 0;  // when the last message has left
  double last_arrival_us_ = 0;
};

// Bytes of a binary WebSocket message above TCP (RFC 6455, 5.2): 2, 4 or 10 of header, 4 of mask from a
// client.
size_t WebSocketBytes(size_t payload, Direction direction);

}  // namespace tandem
