// What decides the bits of a step beside the weights: two processes write equal text from one seed only when
// they agree.
#pragma once

#include <string>

#include "model/model.h"

namespace tandem {

// "graph N; ggml VERSION COMMIT; CPU FEATURE=VALUE ...; repack=0|1; exact=0|1", and "; device NAME" if not
// the CPU. Threads are left out: they change no bit.
std::string KernelFingerprint(const Model& model, bool exact);

}  // namespace tandem
