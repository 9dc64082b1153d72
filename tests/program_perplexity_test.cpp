// `tandem perplexity` as it is run: figures, files, going on after an interruption, and refusals.
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

// Two pages of stories that the repository holds: 1000 ids of the demo models.
const std::string kStories = TANDEM_SOURCE_DIR "/bench/prompts/stories.txt";

class ProgramPerplexity : public ScratchFiles {
 protected:
  static Words With(const Words& more) {
    Words words = {"perplexity", "-f", kStories, "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static Json Measured(Words words) {
    words.push_back("--json");
    const Ran ran = RunTandem(With(words));
    EXPECT_EQ(ran.code, 0) << ran.err;
    return Json::parse(ran.out);
  }
  static void Refused(const Words& words, int code, const std::string& sentence) {
    const Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find(sentence), std::string::npos) << ran.err;
  }
};

// llama-perplexity (llama.cpp de3ff81) -m models/demo-target-q8_0.gguf -f bench/prompts/stories.txt -c 128 -b
// 128 says "PPL = 24.9340" over 7 chunks.
TEST_F(ProgramPerplexity, ChunksAreLlamaPerplexitysFigure) {
  const Json json = Measured({"--form", "chunks", "--ctx", "128"});
  EXPECT_NEAR(json.at("ppl").get<double>(), 24.9340, 0.0005);
  EXPECT_EQ(json.at("windows"), 7);
  EXPECT_EQ(json.at("scored"), 7 * 63);
  EXPECT_EQ(json.at("bos"), "chunk");
  EXPECT_EQ(json.at("weight"), nullptr);
}

TEST_F(ProgramPerplexity, ASplitHasItsPriceBesideIt) {
  const Words few = {"--ctx", "64", "--max-windows", "12", "--split", "1", "--codec"};
  const auto with = [&](const char* codec) {
    Words words = few;
    words.push_back(codec);
    return Measured(words);
  };
  const Json exact = with("f32"), coarse = with("int3/rot/g32");
  EXPECT_EQ(exact.at("dppl"), 0.0);
  EXPECT_EQ(exact.at("ppl"), exact.at("ppl_base"));
  EXPECT_GT(exact.at("bits_per_value").get<double>(), 32.0);  // a varint a message more
  EXPECT_LT(exact.at("bits_per_value").get<double>(), 32.01);
  EXPECT_EQ(coarse.at("ppl_base"), exact.at("ppl_base"));
  EXPECT_EQ(coarse.at("codec"), "int3/g32/rot");
  EXPECT_NEAR(coarse.at("bits_per_value").get<double>(), 3.5, 0.01);
  EXPECT_NE(coarse.at("dppl"), 0.0);
  const double ppl = coarse.at("ppl").get<double>();
  EXPECT_NEAR(coarse.at("dppl").get<double>(), ppl / coarse.at("ppl_base").get<double>() - 1, 1e-12);
  EXPECT_NEAR(std::log(ppl), coarse.at("nll_sum").get<double>() / coarse.at("scored").get<double>(), 1e-12);
  EXPECT_EQ(coarse.at("complete"), true);
}

TEST_F(ProgramPerplexity, ExactVotesDifferFromTheRecipes) {
  const Json hf = Measured({"--ctx", "64", "--max-windows", "5"});
  const Json exact = Measured({"--ctx", "64", "--max-windows", "5", "--weight", "exact"});
  EXPECT_EQ(hf.at("scored"), 63 + 4 * 31);
  EXPECT_EQ(exact.at("scored"), 63 + 4 * 32);
  EXPECT_NE(hf.at("ppl"), exact.at("ppl"));
  EXPECT_EQ(hf.at("bos"), "text");
}

TEST_F(ProgramPerplexity, WritesItsFiles) {
  const Ran ran = RunTandem(With({"--ctx", "64", "--max-windows", "4", "--split", "2", "--json", "--json-out",
                                  Path("out.json"), "--svg", Path("out.svg")}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto content = [&](const char* name) {
    std::ifstream file(Path(name));
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(content("out.json"), ran.out);
  EXPECT_TRUE(content("out.svg").starts_with("<svg "));
  EXPECT_NE(content("out.svg").find("f16 after 2"), std::string::npos);
}

TEST_F(ProgramPerplexity, AnInterruptedRunGoesOnToTheSameFigure) {
  const Words split = {"--ctx", "64", "--stride", "16", "--split", "1", "--codec", "int4"};
  Words other = With({"--ctx", "64", "--stride", "16", "--split", "1", "--codec", "int3"});
  Words kept = With(split);
  for (Words* words : {&kept, &other}) words->insert(words->end(), {"--partial", Path("partial")});
  kept.push_back("--json");
  {
    RunningTandem run(kept);
    while (!std::filesystem::exists(Path("partial"))) usleep(1000);
    const Ran stopped = run.Finish(SIGINT);
    // Quick machines may have been done before the signal came.
    if (stopped.code != 0) {
      EXPECT_EQ(stopped.code, 130) << stopped.err;
      EXPECT_EQ(Json::parse(stopped.out).at("complete"), false);
    }
  }
  const Ran rest = RunTandem(kept);
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_NE(rest.err.find("going on after"), std::string::npos) << rest.err;
  const Json whole = Measured(split), joined = Json::parse(rest.out);
  for (const char* field : {"ppl", "nll_sum", "scored", "windows", "ppl_base", "bytes_per_row"})
    EXPECT_EQ(joined.at(field), whole.at(field)) << field;

  Refused(other, 2, "another run: its points is 'int4/token after 1; '");
}

TEST_F(ProgramPerplexity, RefusesBadInput) {
  const auto text = [&](const std::string& name, const std::string& content) {
    return Words{"perplexity", "-f", Write(name, content)};
  };
  Refused(text("empty.txt", ""), 3, "is empty");
  Refused(text("short.txt", "Once upon a time"), 5, "shorter than a window of 256");
  Refused({"perplexity", "-f", "/no/such.txt"}, 3, "/no/such.txt");
  Refused({"perplexity", "-f", folder()}, 3, folder());
  Refused(With({"--ctx", "4096"}), 5, "--ctx is 4096");
  Refused(With({"--split", "1", "--codec", "int5x"}), 2, "int5x");
  Refused(With({"--split", "1", "--codec", "int4/g7"}), 2, "groups of 7");
  Refused(With({"--split", "7"}), 2, "7 layers");
  Refused(With({"--codec", "f16"}), 2, "--split");
  Refused(With({"--ctx", "64", "--stride", "65"}), 2, "--stride is 65");
  Refused(With({"--partial", Write("other", "{}")}), 3, "no partial result");
  Refused(With({"--json-out", "/no/such/folder/x"}), 3, "/no/such/folder/x");
}

// What a damaged partial result holds is not taken up.
TEST_F(ProgramPerplexity, ADamagedPartialResultIsRefused) {
  const Words kept = With({"--ctx", "64", "--max-windows", "2", "--partial", Path("partial")});
  ASSERT_EQ(RunTandem(kept).code, 0);
  std::ifstream file(Path("partial"));
  Json json = Json::parse(file);
  for (const auto& [field, value] : std::vector<std::pair<const char*, Json>>{
           {"nll", "much"}, {"votes", -1.0}, {"windows", nullptr}, {"points", Json::array({1})}}) {
    Json bad = json;
    bad["done"][field] = value;
    Write("partial", bad.dump());
    Refused(kept, 3, "damaged");
  }
  json["done"]["windows"] = 3;
  Write("partial", json.dump());
  Refused(kept, 2, "holds 3 windows already");
}

// System 1's file for Pythia, which has six layers as the demo target has.
constexpr const char* kPythia = R"({
    "ratios": [0, 0.5, 1],
    "layers_of_interest": [2],
    "stride": 32,
    "experiment": "last_row",
    "methods": ["last_row", "random"]
}
)";

TEST_F(ProgramPerplexity, ASweepFillsItsFolderAndIsTakenUpAgain) {
  const std::string params = Write("params.json", kPythia), folder = Path("sweep");
  const auto run = [&](const char* windows) {
    return RunTandem(
        With({"--sweep", params, "-o", folder, "--ctx", "64", "--max-windows", windows, "--json"}));
  };
  const Ran first = run("2");
  ASSERT_EQ(first.code, 0) << first.err;
  const Ran more = run("3");
  ASSERT_EQ(more.code, 0) << more.err;
  EXPECT_NE(more.err.find("going on after 2 of 3 windows"), std::string::npos) << more.err;
  const auto content = [&](const std::string& name) {
    std::ifstream file(folder + "/" + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(content("params.json"), kPythia);
  EXPECT_EQ(content("results.json"), more.out);
  EXPECT_NE(content("results.txt").find("importance of rows, layer to layer"), std::string::npos);
  for (const char* chart : {"bytes.svg", "heat_last_row.svg", "heat_random.svg"})
    EXPECT_TRUE(content(chart).starts_with("<svg ")) << chart;
  const Json json = Json::parse(more.out);
  ASSERT_EQ(json.at("rows").size(), 4u);
  EXPECT_EQ(json.at("rows")[0].at("ppl"), json.at("ppl_base"));
  EXPECT_EQ(json.at("rows")[1].at("ratio"), 0.5);
  EXPECT_GT(json.at("rows")[2].at("ppl").get<double>(), json.at("ppl_base").get<double>());
  EXPECT_EQ(json.at("layers").size(), 6u);
  EXPECT_GT(json.at("peaks")[0].at("largest_to_median").get<double>(), 1.0);

  const std::string other = Write("other.json", std::string(kPythia) + " ");
  Refused(With({"--sweep", other, "-o", folder}), 2, "other params");
}

TEST_F(ProgramPerplexity, SweepsRefuseWhatDoesNotFit) {
  const auto refused = [&](const std::string& params, int code, const std::string& sentence) {
    Refused(With({"--sweep", Write("params.json", params), "-o", Path("sweep")}), code, sentence);
    EXPECT_FALSE(std::filesystem::exists(Path("sweep"))) << sentence;
  };
  refused(R"({"layer": [1]})", 2, "unknown field 'layer'");
  refused("nothing", 3, "no JSON object");
  refused(R"({"layers_of_interest": [6], "methods": ["random"], "ratios": [1]})", 2,
          "the model's are 0 to 5");
  Refused(With({"--sweep", "/no/such.json"}), 3, "/no/such.json");
  Refused(With({"--sweep", Write("p.json", kPythia), "--split", "1"}), 2, "--split does not go with --sweep");
}

TEST_F(ProgramPerplexity, ALongMaxLengthIsClippedWithAWarning) {
  const std::string params = Write(
      "params.json", R"({"layers_of_interest": [0], "codecs": ["f16"], "max_length": 2048, "stride": 256})");
  const Ran ran = RunTandem(With({"--sweep", params, "-o", Path("sweep"), "--max-windows", "1", "--json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.err.find("max_length is 2048, clipped to the model's context of 256"), std::string::npos)
      << ran.err;
  EXPECT_EQ(Json::parse(ran.out).at("ctx"), 256);
}

}  // namespace
}  // namespace tandem::testing
