// Where models are: a path as given, ./models, models/ beside the program's folder, or $TANDEM_MODELS.
#pragma once

#include <string>

#include "base/result.h"

namespace tandem {

// The file that `name` means: itself if it exists as a path, else `name` in the models folders in the order
// above
// ("demo-draft-q8_0.gguf", with or without ".gguf"). kFile, naming the places that were searched.
Result<std::string> FindModel(const std::string& name);

// Folder of the running program; empty when the system does not tell.
std::string ProgramFolder();

// $XDG_CACHE_HOME/tandem, else ~/.cache/tandem, else $TMPDIR or /tmp with the user's id: where models made by
// the demo lie.
std::string CacheFolder();

}  // namespace tandem
