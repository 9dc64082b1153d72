// Cuts that the user has named: after so many tokens the model is cut before another layer.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tandem {

struct CutChange {
  uint64_t after = 0;  // tokens of the text that are written by then
  int begin = 0;       // layers here from then on
};

// One thread at a time.
class CutSchedule {
 public:
  explicit CutSchedule(std::vector<CutChange> changes) : changes_(std::move(changes)) {}  // by rising `after`

  // How many layers are here from now on, where that changes now.
  std::optional<int> Next(uint64_t tokens);

 private:
  std::vector<CutChange> changes_;
  size_t done_ = 0;
};

}  // namespace tandem
