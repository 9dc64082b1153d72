// What `tandem run` and `tandem chat` make of the options that they share.
#pragma once

#include <atomic>

#include "cli/arguments.h"
#include "cli/chat_text.h"
#include "cli/writing.h"
#include "edge/edge_model.h"
#include "edge/runner.h"

namespace tandem {

SamplingParams SamplingOf(const Arguments& arguments);  // of `tandem bench` as well
WritingSpec SpecOf(const Arguments& arguments);         // without a prompt when the verb has none
// Empty in mode edge: it never opens a connection, whatever --cloud says. seed: of the link's chances.
Result<Dialer> DialerOf(const Arguments& arguments, Mode mode, uint64_t seed);
// In mode cloud, and where drafts are looked up, the edge needs no model: without --model it takes the
// cloud's vocabulary over, unless `cancel` is set meanwhile.
Result<EdgeModel> ModelOf(const Arguments& arguments, Mode mode, const Dialer& dial,
                          const std::atomic<bool>& cancel);
// --template and --system over the edge's vocabulary, which must outlive it.
Result<ChatText> ChatOf(const Arguments& arguments, const EdgeModel& edge);

// Tells what was chosen for the user, a line each.
void Announce(const Arguments& arguments, const WritingSpec& spec, const EdgeModel& edge, bool color);

}  // namespace tandem
