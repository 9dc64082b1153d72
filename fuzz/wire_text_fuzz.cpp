// Strings that people type or peers send, as the wire room reads them: addresses, rates, times, text fields.
#include <cstdlib>
#include <string_view>

#include "wire/link_shape.h"
#include "wire/text.h"
#include "wire/ws_url.h"

namespace {

using namespace tandem;

void Expect(bool holds) {
  if (!holds) std::abort();
}

void CheckUrl(std::string_view text) {
  const Result<WsUrl> url = ParseWsUrl(text);
  if (!url) return;
  const Result<WsUrl> again = ParseWsUrl((url->tls ? "wss://" : "ws://") + url->Authority() + url->path);
  Expect(again && again->host == url->host && again->port == url->port && again->path == url->path);
}

void CheckHostPort(std::string_view text) {
  const Result<HostPort> address = ParseHostPort(text);
  if (!address) return;
  const Result<HostPort> again = ParseHostPort(address->ToString());
  Expect(again && again->host == address->host && again->port == address->port);
}

void CheckShape(std::string_view text) {
  const Result<Micros> time = ParseDuration(text);
  Expect(!time || time->count() >= 0);
  const Result<double> loss = ParseLoss(text);
  Expect(!loss || (*loss >= 0 && *loss <= kMaxLoss));
  const Result<LinkRates> rates = ParseRates(text);
  if (!rates) return;
  ShapedPipe pipe({.rates = *rates}, Direction::kUp);
  Expect(pipe.DeliverAt(1000, Micros(0)) > Micros(0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckUrl(text);
  CheckHostPort(text);
  CheckShape(text);
  const std::string clean = ToWireText(text);
  Expect(IsWireText(clean) && ToWireText(clean) == clean);
  Expect(!IsWireText(text) || clean == text);
  return 0;
}
