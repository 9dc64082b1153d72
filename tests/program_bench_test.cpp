// `tandem bench engine` as it is run: the children that measure load time and memory are this program again.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/program.h"

namespace tandem::testing {
namespace {

TEST(ProgramBench, LoadAndMemoryComeFromChildren) {
  const Ran ran = RunTandem({"bench", "engine", "--model", "models/demo-draft-q8_0.gguf", "--rounds", "1",
                             "--metric", "peak_rss_mb", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto rows = nlohmann::json::parse(ran.out).at("rows");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("metric"), "peak_rss_mb");
  for (const char* side : {"tandem", "llama"}) {
    // The file alone is 5.9 MB, and nothing here needs a hundred.
    EXPECT_GT(rows[0].at(side).get<double>(), 5.0);
    EXPECT_LT(rows[0].at(side).get<double>(), 100.0);
  }
}

}  // namespace
}  // namespace tandem::testing
