// The table of options is consistent, and a command line is parsed, refused or explained by it.
#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cli/help.h"

namespace tandem {
namespace {

using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

Arguments Parsed(const Words& words) {
  auto line = ParseCommandLine(words);
  if (!line) throw std::runtime_error(line.error().message);
  return line->verb.at(0);
}

std::string Refused(const Words& words) {
  auto line = ParseCommandLine(words);
  if (line) return "(accepted)";
  EXPECT_EQ(line.error().code, ErrorCode::kUsage);
  return line.error().message;
}

TEST(OptionTable, NamesAreUniqueInEveryVerb) {
  for (const Verb& verb : Verbs()) {
    std::set<std::string_view> seen;
    for (const Option& option : Options()) {
      if (!(option.verbs & verb.bit)) continue;
      EXPECT_TRUE(seen.insert(option.name).second) << verb.name << " has two --" << option.name;
      if (option.shorthand.empty()) continue;
      EXPECT_TRUE(seen.insert(option.shorthand).second) << verb.name << " has two -" << option.shorthand;
    }
  }
}

TEST(OptionTable, DefaultsAreInTheirOwnRange) {
  for (const Option& option : Options()) {
    if (option.fallback.empty()) continue;
    EXPECT_TRUE(CheckValue(option, option.fallback)) << "--" << option.name << " " << option.fallback;
  }
}

TEST(OptionTable, EveryRowIsExplained) {
  for (const Option& option : Options()) {
    EXPECT_FALSE(option.help.empty()) << option.name;
    bool bounded = option.kind != OptionKind::kSwitch && option.kind != OptionKind::kText;
    EXPECT_EQ(bounded, !option.range.empty()) << option.name;
  }
}

TEST(OptionTable, EveryVerbHelpsWithAllItsOptions) {
  for (const Verb& verb : Verbs()) {
    std::string help = VerbHelp(verb);
    for (const Option& option : Options()) {
      if (!(option.verbs & verb.bit)) continue;
      EXPECT_THAT(help, HasSubstr(fmt::format("--{}", option.name)));
    }
  }
}

TEST(CommandLines, AGroupMayBeAVerbItself) {
  EXPECT_EQ(Parsed({"bench"}).verb().name, "bench");
  EXPECT_EQ(Parsed({"bench", "--rtt", "0,5"}).Text("rtt"), "0,5");
  EXPECT_EQ(Parsed({"bench", "-n", "8"}).Integer("predict"), 8);
  EXPECT_EQ(Parsed({"bench", "rules"}).verb().name, "bench rules");
  EXPECT_THAT(Refused({"bench", "enigne"}), HasSubstr("engine"));
  EXPECT_THAT(Refused({"bench", "--rounds", "3"}), HasSubstr("--rounds"));  // of bench engine
  EXPECT_THAT(Refused({"model"}), HasSubstr("needs a verb"));
  const auto help = ParseCommandLine({"bench", "--help"});
  EXPECT_THAT(help->help, HasSubstr("--iterations"));
  EXPECT_THAT(help->help, HasSubstr("bench engine"));
}

TEST(Help, TellsOfVariablesAndRepetition) {
  const auto help = [](VerbSet bit) {
    const auto verb =
        std::find_if(Verbs().begin(), Verbs().end(), [&](const Verb& v) { return v.bit == bit; });
    return VerbHelp(*verb);
  };
  EXPECT_THAT(help(kVerbRun), HasSubstr("TANDEM_TOP_K is --top-k"));
  EXPECT_THAT(help(kVerbRun), HasSubstr("(may be repeated)"));
  EXPECT_THAT(help(kVerbRun), HasSubstr("--config FILE"));
  EXPECT_THAT(help(kVerbLink), HasSubstr("--cut-mode stall|drop"));
  EXPECT_THAT(help(kVerbVersion), Not(HasSubstr("TANDEM_")));  // it reads no file, and has nothing to set
  EXPECT_THAT(ProgramHelp(), HasSubstr("completion bash|zsh|fish"));
}

TEST(Arguments, TakesValuesOfEveryKind) {
  Arguments run = Parsed({"run", "-p", "-Once", "-n", "7", "--temp=0.5", "--seed", "18446744073709551615",
                          "--rtt", "20ms", "--rate", "10mbit/2mbit", "--json"});
  EXPECT_EQ(run.Text("prompt"), "-Once");
  EXPECT_EQ(run.Integer("predict"), 7);
  EXPECT_DOUBLE_EQ(run.Number("temp"), 0.5);
  EXPECT_EQ(run.Seed("seed"), 18446744073709551615u);
  EXPECT_EQ(run.Duration("rtt"), Micros{20'000});
  EXPECT_DOUBLE_EQ(run.Rate("rate").down_bps, 10e6);
  EXPECT_DOUBLE_EQ(run.Rate("rate").up_bps, 2e6);
  EXPECT_TRUE(run.Switch("json"));
}

TEST(Arguments, DefaultsComeFromTheVerbsOwnRow) {
  EXPECT_EQ(Parsed({"run", "-p", "x"}).Text("model"), "demo-draft-q8_0.gguf");
  EXPECT_EQ(Parsed({"cloud"}).Text("model"), "demo-target-q8_0.gguf");
  EXPECT_EQ(Parsed({"run", "-p", "x"}).Integer("draft"), 3);
  EXPECT_FALSE(Parsed({"run", "-p", "x"}).Given("draft"));
  EXPECT_EQ(Parsed({"demo"}).Duration("rtt"), Micros{20'000});
}

TEST(Arguments, LastOfTwoWins) {
  EXPECT_EQ(Parsed({"run", "-p", "x", "-n", "5", "-n", "6"}).Integer("predict"), 6);
}

TEST(Arguments, OperandOfAVerbOfTwoWords) {
  Arguments show = Parsed({"model", "show", "a.gguf", "--json"});
  EXPECT_EQ(show.operand(), "a.gguf");
  EXPECT_EQ(show.verb().name, "model show");
}

TEST(Arguments, RefusalsNameOptionValueAndRange) {
  EXPECT_EQ(Refused({"run", "-p", "x", "--temp", "-1"}), "--temp is '-1' but must be a number, 0 to 100");
  EXPECT_EQ(Refused({"run", "-p", "x", "--temp", "nan"}), "--temp is 'nan' but must be a number, 0 to 100");
  EXPECT_EQ(Refused({"run", "-p", "x", "-n", "many"}),
            "--predict is 'many' but must be a whole number, 1 to 1048576");
  EXPECT_EQ(Refused({"run", "-p", "x", "--draft", "65"}),
            "--draft is '65' but must be a whole number, 1 to 64");
  EXPECT_EQ(Refused({"run", "-p", "x", "--top-p", "0"}),
            "--top-p is '0' but must be a number, more than 0, at most 1");
  EXPECT_EQ(Refused({"run", "-p", "x", "--min-p", "1"}),
            "--min-p is '1' but must be a number, 0 or more, less than 1");
  EXPECT_EQ(Refused({"run", "-p", "x", "--mode", "fast"}),
            "--mode is 'fast' but must be one of edge, cloud, auto, speculate, sync, split");
  EXPECT_THAT(Refused({"run", "-p", "x", "--rate", "5"}), HasSubstr("--rate is '5' but must be a rate"));
  EXPECT_THAT(Refused({"run", "-p", "x", "--rtt", "61s"}),
              HasSubstr("--rtt is '61s' but must be a time, 0 to 60s"));
  EXPECT_THAT(Refused({"run", "-p", "x", "--seed", "-2"}),
              HasSubstr("--seed is '-2' but must be a whole number"));
}

TEST(Arguments, MissingThings) {
  EXPECT_EQ(Refused({"run"}), "tandem run needs --prompt PROMPT");
  EXPECT_EQ(Refused({"model", "show"}), "tandem model show needs a FILE");
  EXPECT_EQ(Refused({"run", "-p"}), "--prompt needs a value");
  EXPECT_THAT(Refused({}), HasSubstr("needs a verb: run, chat, cloud, link, demo, model, perplexity, plan, "
                                     "leak, bench, completion, version"));
  EXPECT_EQ(Refused({"model"}), "tandem model needs a verb: show, pad, cut, random");
}

TEST(Arguments, SlipsGetASuggestion) {
  EXPECT_EQ(Refused({"run", "-p", "x", "--sed", "1"}),
            "tandem run has no option --sed; did you mean --seed?");
  EXPECT_EQ(Refused({"run", "-p", "x", "--repeat", "1"}),
            "tandem run has no option --repeat; did you mean --repeat-penalty?");
  EXPECT_EQ(Refused({"run", "-p", "x", "--listen=a"}), "tandem run has no option --listen=a");
  EXPECT_EQ(Refused({"rum"}), "tandem has no verb 'rum'; did you mean run?");
  EXPECT_EQ(Refused({"model", "shwo"}), "tandem model has no verb 'shwo'; did you mean show?");
  EXPECT_EQ(Refused({""}), "tandem has no verb ''");
  EXPECT_EQ(Refused({"run", "Once upon"}),
            "unexpected argument 'Once upon'; a prompt is given with -p '...'");
}

TEST(Arguments, HelpIsNoError) {
  for (const Words& words :
       {Words{"--help"}, Words{"run", "-h"}, Words{"model", "--help"}, Words{"model", "pad", "--help"}}) {
    auto line = ParseCommandLine(words);
    ASSERT_TRUE(line);
    EXPECT_TRUE(line->verb.empty());
    EXPECT_THAT(line->help, HasSubstr("usage: tandem"));
  }
}

}  // namespace
}  // namespace tandem
