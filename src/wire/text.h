// Text that crosses the wire (software, model names, reasons) ends in a peer's terminal, log or JSON. So it
// is UTF-8 without control characters and at most kMaxText bytes: senders clean theirs, receivers refuse the
// rest.
#pragma once

#include <string>
#include <string_view>

namespace tandem {

// True for well-formed UTF-8 (no surrogates, no overlong forms) without C0 controls, DEL or C1 controls, of
// at most kMaxText bytes. Empty text is clean.
bool IsWireText(std::string_view text);

// The same text with every offending byte made a space, cut to kMaxText bytes between characters.
std::string ToWireText(std::string_view text);

}  // namespace tandem
