// `tandem run --mode split` on the demo pair, over a real socket: with exact rows the text is the whole
// model's, wherever the cut lies and wherever the head is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;
using ::testing::HasSubstr;

constexpr const char* kTarget = "demo-target-q8_0.gguf";
constexpr const char* kTargetPath = "models/demo-target-q8_0.gguf";
constexpr const char* kDraft = "demo-draft-q8_0.gguf";

class Split : public ScratchFiles {
 protected:
  Ran Run(const Words& more, const std::string& mode = "split") {
    Words words = {"run", "-p", kStory, "-n", "48", "--threads", "1", "--seed", "1"};
    for (const std::string& word : {std::string("--mode"), mode, std::string("--cloud"), cloud_.url()})
      words.push_back(word);
    words.insert(words.end(), more.begin(), more.end());
    return RunTandem(words);
  }
  std::string WholeText() { return Run({}, "cloud").out; }

  CloudProcess cloud_;
};

TEST_F(Split, WithExactRowsTheTextIsTheWholeModels) {
  const std::string whole = WholeText();
  ASSERT_GT(whole.size(), 50u);
  for (const char* cut : {"0", "3", "6"}) {
    const Ran alone = Run({"--part", kTarget, "--split", cut, "--codec", "f32"});
    EXPECT_EQ(alone.code, 0) << alone.err;
    EXPECT_EQ(alone.out, whole) << cut;
    const Ran ahead = Run({"--part", kTarget, "--split", cut, "--codec", "f32", "--model", kDraft});
    EXPECT_EQ(ahead.out, whole) << cut << ", with look-ahead: " << ahead.err;
  }
}

TEST_F(Split, APartIsEnoughAndRowsAreCounted) {
  const std::string part = Path("front.gguf");
  const Ran cut = RunTandem({"model", "cut", kTargetPath, "--layers", "0:2", "-o", part});
  ASSERT_EQ(cut.code, 0) << cut.err;
  const auto bytes = [&](const char* codec) {
    const Ran ran = Run({"--part", part, "--split", "2", "--codec", codec, "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    const Json stats = Json::parse(ran.out).at("stats");
    return stats.at("uplink_bytes").get<double>() / stats.at("generated").get<double>();
  };
  const double f16 = bytes("f16"), int4 = bytes("int4/g32");
  EXPECT_GT(f16, 2 * 288.0);
  EXPECT_LT(f16, 2 * 288.0 + 32);
  EXPECT_LT(int4, f16 / 3);
}

// The head is here: penalties see all of the text, and the cloud sees neither ids nor logits.
TEST_F(Split, WithBothEndsHereTheTextIsTheWholeModels) {
  std::string prompt;  // of several blocks and a rest
  for (int i = 0; i < 12; ++i) prompt += std::string(kStory) + ". ";
  for (const Words& drawn : {Words{}, Words{"-p", prompt, "--repeat-penalty", "1.3"}}) {
    const auto with = [&](Words words) {
      words.insert(words.end(), drawn.begin(), drawn.end());
      return words;
    };
    const std::string whole = Run(with({}), "cloud").out;
    ASSERT_GT(whole.size(), 50u);
    for (const char* layers : {"0:5", "2:4"}) {
      const Ran alone = Run(with({"--part", kTarget, "--split", layers, "--codec", "f32"}));
      EXPECT_EQ(alone.code, 0) << alone.err;
      EXPECT_EQ(alone.out, whole) << layers;
      const Ran ahead =
          Run(with({"--part", kTarget, "--split", layers, "--codec", "f32", "--model", kDraft}));
      EXPECT_EQ(ahead.out, whole) << layers << ", with look-ahead: " << ahead.err;
    }
  }
}

TEST_F(Split, BothEndsAreAPartAndRowsBackHaveTheirOwnCodec) {
  const std::string part = Path("ends.gguf");
  const Ran cut = RunTandem({"model", "cut", kTargetPath, "--layers", "0:2,4:6", "-o", part});
  ASSERT_EQ(cut.code, 0) << cut.err;
  const auto down = [&](const char* codec) {
    const Ran ran =
        Run({"--part", part, "--split", "2:4", "--codec", "f16", "--codec-back", codec, "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    const Json stats = Json::parse(ran.out).at("stats");
    EXPECT_EQ(stats.at("generated"), 48);
    return stats.at("downlink_bytes").get<double>() / stats.at("generated").get<double>();
  };
  const double f16 = down("f16"), int4 = down("int4/g32");
  EXPECT_GT(f16, 2 * 288.0 * 0.9);
  EXPECT_LT(f16, 2 * 288.0 + 32);
  EXPECT_LT(int4, f16 / 3);
}

TEST_F(Split, RowsOfAPromptCompeteByTheirImportance) {
  std::string prompt;  // of several blocks and a rest
  for (int i = 0; i < 12; ++i) prompt += std::string(kStory) + ". ";
  const auto run = [&](const std::string& split, const std::string& codec, const Words& more) {
    Words words = {"-p", prompt, "--part", kTarget, "--split", split, "--codec", codec, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = Run(words);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return Json::parse(ran.out);
  };
  const Json exact = run("2", "f32", {});
  const double dear = exact.at("stats").at("setup_bytes");
  for (const char* method : {"regular_importance", "last_row", "aggregate_till", "maximum aggregation",
                             "aggregate upto 0", "upto ratio", "random"}) {
    const Json all = run("2", "mix:int4:f32:0", {"--importance", method});
    EXPECT_EQ(all.at("text"), exact.at("text")) << "no row is coded coarsely, by " << method;
    const Json mixed = run("2", "mix:int4:f32:0.75", {"--importance", method});
    EXPECT_EQ(mixed.at("stats").at("generated"), 48);
    EXPECT_LT(mixed.at("stats").at("setup_bytes").get<double>(), 0.7 * dear) << method;
  }
  EXPECT_LT(
      run("0", "mix:int4:f32:0.75", {"--importance", "random"}).at("stats").at("setup_bytes").get<double>(),
      0.7 * dear);
  EXPECT_EQ(run("6", "mix:int4:f32:0.75", {}).at("text"), exact.at("text")) << "no row of the prompt leaves";
  run("2", "water:3", {"--importance", "last_row"});
  run("2:4", "mix:int4:f32:0.75", {"--codec-back", "f16"});
  run("2", "mix:int4:f32:0.75", {"--recut", "20:3"});
}

// Coarse rows, so that another choice of them would be another text.
TEST_F(Split, ARebuiltSessionWeighsRowsAlike) {
  std::string prompt;
  for (int i = 0; i < 7; ++i) prompt += std::string(kStory) + ". ";
  const Words words = {"-p", prompt, "--part", kTarget, "--split", "2", "--codec", "mix:int2:f16:0.7"};
  const Ran whole = Run(words);
  ASSERT_EQ(whole.code, 0) << whole.err;
  RunningTandem link(
      {"link", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:" + cloud_.port(), "--rtt", "30ms"});
  Words again = {"run",
                 "-n",
                 "48",
                 "--threads",
                 "1",
                 "--seed",
                 "1",
                 "--mode",
                 "split",
                 "--cloud",
                 "ws://" + link.WaitForError("listening on "),
                 "--cloud",
                 cloud_.url()};
  again.insert(again.end(), words.begin(), words.end());
  RunningTandem running(again);
  ASSERT_TRUE(running.WaitForText());
  link.Signal(SIGKILL);
  EXPECT_TRUE(running.WaitForText()) << "what is left comes from a session that was rebuilt";
  const Ran ran = running.Finish();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, whole.out);
}

// A text of some 700 tokens.
std::string SomeStory() {
  const std::string words[] = {"the bear", "a little girl", "her mom", "the sun", "two dogs", "a red ball"};
  std::string text;
  for (size_t i = 0; i < 70; ++i)
    text += kStory + (" and " + words[i % 6]) + " saw " + words[i * i % 5] + ". ";
  return text;
}

// Both ends, each cut where the layers here allow it.
TEST_F(Split, AChannelsScaleIsPartOfThePart) {
  const std::string text = Path("text.txt"), front = Path("front.gguf"), ends = Path("ends.gguf");
  std::ofstream(text) << SomeStory();
  const auto cut = [&](const char* layers, const std::string& out) {
    const Ran ran = RunTandem({"model", "cut", kTargetPath, "--layers", layers, "--heads", "--calibrate",
                               text, "--threads", "1", "-o", out});
    ASSERT_EQ(ran.code, 0) << ran.err;
  };
  cut("0:3", front);
  cut("0:2,4:6", ends);
  const auto report = [&](const Words& more) {
    Words words = {"--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = Run(words);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return Json::parse(ran.out);
  };
  const auto uplink = [](const Json& of) {
    return of.at("stats").at("uplink_bytes").get<double>() / of.at("stats").at("generated").get<double>();
  };
  const std::string whole = WholeText();
  for (const char* split : {"0", "1", "3"}) {
    const Json int8 = report({"--part", front, "--split", split, "--codec", "int8/channel"});
    EXPECT_LT(uplink(int8), 288.0 + 32);
    EXPECT_EQ(int8.at("text").get<std::string>().substr(0, 20), whole.substr(0, 20)) << split;
  }
  const Json alone = report({"--part", front, "--split", "1", "--codec", "int8/channel/rot/sink"});
  const Json ahead =
      report({"--part", front, "--split", "1", "--codec", "int8/channel/rot/sink", "--model", kDraft});
  EXPECT_EQ(alone.at("text"), ahead.at("text")) << "a row's values are its own";
  report({"--part", front, "--split", "2", "--codec", "mix:int4:f16:0.5/channel"});
  report({"--part", front, "--split", "2", "--codec", "mix:int4:f16:0.5", "--importance",
          "weighted_importance"});
  report({"--part", front, "--split", "1", "--codec", "int8/channel", "--recut", "20:3"});
  report({"--part", ends, "--split", "2:4", "--codec", "int8/channel/asym", "--codec-back",
          "int8/channel/sink"});

  const Ran elsewhere = Run({"--part", front, "--split", "4", "--codec", "int8/channel"});
  EXPECT_EQ(elsewhere.code, 2);
  EXPECT_THAT(elsewhere.err, HasSubstr("rows before layer 4"));
  const Ran back =
      Run({"--part", kTarget, "--split", "2:4", "--codec", "f16", "--codec-back", "int8/channel"});
  EXPECT_EQ(back.code, 2);
  EXPECT_THAT(back.err, HasSubstr("rows before layer 4"));
  const Ran nothing = RunTandem({"model", "cut", kTargetPath, "--layers", "0:3", "--calibrate",
                                 Path("absent.txt"), "-o", Path("none.gguf")});
  EXPECT_EQ(nothing.code, 3);
  EXPECT_THAT(nothing.err, HasSubstr("absent.txt"));
  const Ran heads =
      RunTandem({"model", "cut", kTargetPath, "--layers", "0:3", "--heads", "-o", Path("none.gguf")});
  EXPECT_EQ(heads.code, 2);
  EXPECT_THAT(heads.err, HasSubstr("--heads needs --calibrate"));
}

TEST_F(Split, TheCutMayMoveWhileTheTextRuns) {
  const Words moving = {"--part",  kTarget, "--split", "1",    "--codec", "f32",
                        "--recut", "10:5",  "--recut", "30:0", "--json"};
  for (const Words& more : {Words{}, Words{"--model", kDraft}}) {
    Words words = moving;
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = Run(words);
    ASSERT_EQ(ran.code, 0) << ran.err;
    const Json report = Json::parse(ran.out);
    EXPECT_EQ(report.at("text").get<std::string>(), WholeText());
    EXPECT_EQ(report.at("stats").at("recuts"), 2);
    EXPECT_EQ(report.at("stats").at("reconnects"), 0);
  }
}

// A plan by which layers cost next to nothing here and something there.
Json PlanThatErrs(const Json& plan) {
  Json wrong = plan;
  for (Json& cut : wrong["cuts"]) {
    const double below = cut["begin"].get<double>();
    cut["edge"] = {{"row_us", 30 * below}, {"tail_us", 60 * below}, {"block_us", 90 * below}};
    cut["cloud"] = {{"row_us", 5000 + 100 * (6 - below)}, {"tail_us", 1e5}, {"block_us", 1e5}};
  }
  return wrong;
}

TEST_F(Split, APlanIsMeasuredAndFollowed) {
  std::string story;
  for (int i = 0; i < 60; ++i) story += std::string(kStory) + ". ";
  const std::string text = Write("text.txt", story);
  const Ran planned =
      RunTandem({"plan", "--model", kTargetPath, "-f", text, "--cuts", "0,3,6", "--codec", "f32", "--threads",
                 "1", "--cloud-threads", "1", "--max-windows", "1", "--json"});
  ASSERT_EQ(planned.code, 0) << planned.err;
  const Json json = Json::parse(planned.out);
  EXPECT_EQ(json.at("options").size(), 3u);
  EXPECT_EQ(json.at("best").at("codec"), "f32");
  EXPECT_EQ(json.at("best").at("dppl"), 0.0);

  const std::string wrong = Write("wrong.json", PlanThatErrs(json).dump());
  const Ran ran = Run({"--part", kTarget, "--split", "auto", "--plan", wrong, "-n", "150", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json report = Json::parse(ran.out);
  EXPECT_EQ(report.at("text").get<std::string>(), Run({"-n", "150"}, "cloud").out);
  EXPECT_GE(report.at("stats").at("recuts"), 1) << "the layers here are slower than the plan says";
  EXPECT_EQ(report.at("stats").at("reconnects"), 0);
}

TEST_F(Split, APlanMeasuresTheCloudItIsFor) {
  std::string story;
  for (int i = 0; i < 60; ++i) story += std::string(kStory) + ". ";
  const Ran ran = RunTandem({"plan", "--model", kTargetPath, "-f", Write("text.txt", story), "--cuts", "0,6",
                             "--codec", "f16", "--max-windows", "1", "--cloud", cloud_.url(), "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json plan = Json::parse(ran.out);
  EXPECT_GE(plan.at("link").at("rtt_ms"), 0.0);
  const Json& cuts = plan.at("cuts");
  EXPECT_EQ(cuts[0].at("cloud").at("row_us").get<double>() / 1000, plan.at("cloud_alone_ms").get<double>());
  EXPECT_LE(cuts[1].at("cloud").at("row_us"), cuts[0].at("cloud").at("row_us"));
}

TEST_F(Split, WithoutAPlanTheTextIsTheWholeModelsToo) {
  const Ran ran = Run({"--part", kTarget, "--split", "auto", "--codec", "f32", "--battery", "50%"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, WholeText());
}

TEST_F(Split, RefusesPlansThatDoNotFit) {
  const auto says = [](const Ran& ran, int code, const char* what) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(what));
  };
  const std::string plan = Write("plan.json", "{}");
  says(Run({"--part", kTarget, "--split", "auto", "--plan", plan}), 3, "identity is missing");
  says(Run({"--part", kTarget, "--split", "auto", "--plan", Path("none.json")}), 3, "cannot read");
  says(Run({"--part", kTarget, "--split", "auto", "--battery", "half"}), 2, "--battery is 'half'");
  says(Run({"--part", kTarget, "--split", "auto", "--recut", "9:2"}), 2, "does not go with --split auto");
  says(Run({"--part", kTarget, "--split", "2", "--plan", plan}), 2, "goes with --split auto alone");
  says(Run({"--part", kTarget, "--split", "auto", "--codec", "mix:int4:f16:0.5"}), 2, "a cut that stays");
  says(RunTandem({"plan", "--model", kTargetPath, "-f", plan, "--cuts", "3,1"}), 2, "--cuts is '3,1'");
  says(RunTandem({"plan", "--model", kTargetPath, "-f", plan, "--codec", "mix:int4:f16:0.5"}), 2,
       "which a plan does not try");
  says(RunTandem({"plan", "--model", kTargetPath, "-f", Path("none.txt")}), 3, "none.txt");
}

TEST_F(Split, RefusesWhatCannotBe) {
  const auto says = [](const Ran& ran, int code, const char* what) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(what));
  };
  says(Run({"--part", kTarget}), 2, "needs --split");
  says(Run({"--split", "2"}), 2, "needs --part");
  says(Run({"--part", kTarget, "--split", "9"}), 2, "layer 9 of a model that has 6");
  says(Run({"--part", kTarget, "--split", "2:6"}), 2, "layers 2 to 6 of a model that has 6");
  says(Run({"--part", kTarget, "--split", "2:2"}), 2, "layers 2 to 2");
  says(Run({"--part", kTarget, "--split", "2:4", "--recut", "10:3"}), 2, "has two ends");
  says(Run({"--part", kTarget, "--split", "2-4"}), 2, "'2-4'");
  says(Run({"--part", kTarget, "--split", "2", "--codec-back", "f16"}), 2, "no rows come back");
  says(Run({"--part", kTarget, "--split", "2:4", "--codec-back", "int9"}), 2, "int9");
  says(Run({"--part", kTarget, "--split", "2:4", "--codec-back", "int4/tensor", "--model", kDraft}), 2,
       "int4/tensor codes rows together");
  says(Run({"--part", kTarget, "--split", "2", "--codec", "int9"}), 2, "int9");
  says(Run({"--part", kTarget, "--split", "2", "--codec", "int4/g7"}), 2, "7");
  says(Run({"--part", kDraft, "--split", "2"}), 4, "is of model");
  says(Run({"--part", kTarget, "--split", "2", "--codec", "int4/tensor", "--model", kDraft}), 2,
       "codes rows together");
  const std::string part = Path("back.gguf");
  ASSERT_EQ(RunTandem({"model", "cut", kTargetPath, "--layers", "2:6", "-o", part}).code, 0);
  const auto mix = [&](const Words& more) {
    Words words = {"--part", kTarget, "--codec", "mix:int4:f16:0.5"};
    words.insert(words.end(), more.begin(), more.end());
    return Run(words);
  };
  says(mix({"--split", "0"}), 2, "told from attention");
  says(mix({"--split", "2:4"}), 2, "the cloud measures none");
  says(mix({"--split", "2", "--importance", "weighted_importance"}), 2, "relevance of layer 1's heads");
  says(mix({"--split", "2", "--importance", "median"}), 2, "median");
  says(mix({"--split", "2", "--model", kDraft}), 2, "codes rows together");
  says(Run({"--part", kTarget, "--split", "2", "--importance", "random"}), 2, "do not compete");
  says(Run({"--part", kTarget, "--split", "2", "--codec", "int8/channel"}), 2,
       "tandem model cut --calibrate");
  says(Run({"--part", kTarget, "--split", "2", "--recut", "9"}), 2, "TOKENS:LAYERS");
  says(Run({"--part", kTarget, "--split", "2", "--recut", "9:7"}), 2, "layer 7 of a model that has 6");
  says(Run({"--part", part, "--split", "2"}), 4, "not the embedding and layers 0:2");
}

}  // namespace
}  // namespace tandem::testing
