// The folder of one sweep: a copy of its params, what it measured, its charts, and the partial result that an
// interrupted one goes on from.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/sweep_report.h"

namespace tandem {

class SweepFolder {
 public:
  // Makes the folder, or takes one up whose params are the same. `path` empty: experiment_<date and time>
  // here, as system 1 calls them. kFile when it cannot be written, kUsage for a folder of another sweep.
  static Result<SweepFolder> Open(const std::string& path, const std::string& params);

  const std::string& path() const { return path_; }
  std::string Partial() const { return path_ + "/partial.json"; }

  // results.json, results.txt, bytes.svg, and a heat map a method. kFile.
  Status Write(const SweepReport& report) const;

 private:
  explicit SweepFolder(std::string path) : path_(std::move(path)) {}
  Status Put(const std::string& name, const std::string& text) const;

  std::string path_;
};

}  // namespace tandem
