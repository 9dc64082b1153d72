// What decides the bits of a step beside the weights: two processes write equal text from one seed only when
// they agree.
#pragma once

#include <string>

#include "model/model.h"

namespace tandem {

// "graph N; ggml VERSION COMMIT; CPU FEATURE=VALUE ...; repack=0|1; exact=0|1". Threads are left out: they
// change no bit.
std::string KernelFingerprint(const Model& model, bool exact);

}  // namespace tandem
