// Model files for tests: the repository's demo pair, the shared folder's and llama.cpp's own (absent on some
// machines), and small ones made on the spot.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/gguf_metadata.h"
#include "model/random_model.h"

namespace tandem::testing {

// A file that is there, or why it is not, for GTEST_SKIP.
struct FoundFile {
  std::string path;     // empty when absent
  std::string missing;  // one sentence when absent
};

FoundFile DemoModel(const std::string& name);   // models/NAME, always there
FoundFile SharedFile(const std::string& name);  // ../shared/NAME
// llama.cpp's tiny random models (deps/llama.sh fixtures): TANDEM_FIXTURES, else beside the llama.cpp that
// was built.
FoundFile Fixture(const std::string& name);

// A path in the test's temporary folder, unique to this process; the file is removed with the object.
class TempFile {
 public:
  explicit TempFile(const std::string& suffix = ".gguf");
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A small model with random weights: like the demo target, 3 layers, width 256, 4 heads, 2 KV heads,
// feed-forward 512, 512 ids, context 1024; of another architecture than llama where one is named.
RandomModelSpec SmallModel(ggml_type type, const std::string& arch = "");

// Writes it and throws std::runtime_error if that fails.
void WriteModel(const RandomModelSpec& spec, const std::string& path);

// SmallModel(F32) as llama.cpp's quantiser turns it into a file type (llama_ftype): the mixtures that real
// files hold.
void WriteQuantised(int file_type, const std::string& path);

// An F32 tensor to add to a copied file.
struct ExtraTensor {
  std::string name;
  std::vector<float> values;
};

// Copies a GGUF with changed metadata and more tensors. Throws std::runtime_error.
void CopyModel(const std::string& from, const std::string& to, const std::function<void(GgufMetadata&)>& edit,
               const std::vector<ExtraTensor>& extra = {});

}  // namespace tandem::testing
