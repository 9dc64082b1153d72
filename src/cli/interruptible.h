// The frame of a verb that measures for minutes: a signal ends the measurement between two of its parts, and
// what comes out is printed as JSON or for people.
#pragma once

#include <atomic>
#include <nlohmann/json_fwd.hpp>

#include "cli/output.h"
#include "cli/signal_watch.h"

namespace tandem {

// measure(stopped): a Result; stopped() turns true when a signal comes. to_json(value) or print(value), as
// `json` says. The exit code: 128 + the signal, the error's, or 0.
template <class Measure, class ToJson, class Print>
int MeasureAndPrint(bool json, const Measure& measure, const ToJson& to_json, const Print& print) {
  std::atomic<bool> cancel{false};  // outlives the watch, which may set it
  SignalWatch signals;
  signals.SetAction([&] { cancel = true; });
  const auto measured = measure([&] { return cancel.load(); });
  signals.SetAction({});
  if (cancel) return 128 + signals.signal();
  if (!measured) return Report(measured.error(), json);
  if (json) {
    PrintJson(to_json(*measured));
  } else {
    print(*measured);
  }
  return 0;
}

}  // namespace tandem
