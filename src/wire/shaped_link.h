// A connection made slow, at the edge's end: what is sent leaves late and what arrives is handed on late, as
// link_shape.h computes from sizes that include WebSocket framing. So a demo or a test on one machine has the
// round trip and rate of a real network, without privileges. Order is kept in each direction.
//
// Not shaped: pings and the closing handshake.
#pragma once

#include <functional>
#include <memory>

#include "wire/link_shape.h"
#include "wire/transport.h"

namespace tandem {

// Dials the connection to be shaped, with callbacks of ours.
using DialFunction = std::function<Result<std::unique_ptr<Connection>>(ConnectionCallbacks callbacks)>;

// Dials, waits out two round trips (TCP's and the upgrade's), and wraps. Passes dial's error on. `use` tells
// the redialled connections of one link apart, and when its cuts come.
//
// Callbacks run on a thread of the shaped link, on_closed after all frames that came before it.
// limits.outbox_bytes bounds what is under way in each direction; a link that holds more is closed with
// kResource. Close is delayed like a frame. The destructor flushes for at most half a second beyond a round
// trip; do not call it from a callback. counted() is the inner connection's: what the socket has seen, not
// what is still held back here.
Result<std::unique_ptr<Connection>> DialShaped(const LinkShape& shape, const LinkUse& use,
                                               const LinkLimits& limits, ConnectionCallbacks callbacks,
                                               const DialFunction& dial);

}  // namespace tandem
