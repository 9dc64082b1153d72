// What the command line asks to be measured.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/perplexity_session.h"

namespace tandem {

// Of the whole model, or of one cut (--split, --codec). Errors: kUsage and kContext for values that do not
// fit each other or the model, as OpenGguf and CheckModel for the model's file.
Result<PerplexityRequest> RequestOf(const Arguments& arguments);

// Of a sweep: the text of its params, and the request they make, facts included. Tells what is read otherwise
// than the params say.
struct SweepRequest {
  std::string params;
  PerplexityRequest request;
};
Result<SweepRequest> SweepRequestOf(const Arguments& arguments);

}  // namespace tandem
