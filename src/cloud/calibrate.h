// Measures the cost curve before the first session: steps of a few row counts on an empty sequence.
#pragma once

#include "base/clock.h"
#include "cloud/service.h"

namespace tandem {

// Takes `patience` at most, and one step more: a model whose steps are long is learned from its sessions.
// What the engine refuses is its error; the service knows what was measured until then.
Status Calibrate(Engine& engine, const Clock& clock, Micros patience, Service& service);

}  // namespace tandem
