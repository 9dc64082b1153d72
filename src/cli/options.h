// The one table of the program's verbs and options. Parsing, checking, --help, shell completion, the
// configuration file and variables are all made from it (arguments.h, help.h, completion.h, settings.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

class Arguments;

// A set of verbs, one bit each.
using VerbSet = unsigned;
enum : VerbSet {
  kVerbRun = 1u << 0,
  kVerbCloud = 1u << 1,
  kVerbDemo = 1u << 2,
  kVerbModelShow = 1u << 3,
  kVerbModelPad = 1u << 4,
  kVerbModelRandom = 1u << 5,
  kVerbBenchEngine = 1u << 6,
  kVerbVersion = 1u << 7,
  kVerbLink = 1u << 8,
  kVerbCompletion = 1u << 9,
  kVerbChat = 1u << 10,
  kVerbBenchRules = 1u << 11,
  kVerbBenchFigures = 1u << 12,
  kVerbBenchCapacity = 1u << 13,
  kVerbBench = 1u << 14,
  kVerbBenchFaults = 1u << 15,
  kVerbPerplexity = 1u << 16,
  kVerbModelCut = 1u << 17,
  kVerbBenchDoubt = 1u << 18,
  kVerbLeak = 1u << 19,
  kVerbBenchSplit = 1u << 20,
  kVerbPlan = 1u << 21,
  kVerbBenchPlan = 1u << 22,
  kVerbAll = (1u << 23) - 1,
};

enum class OptionKind {
  kSwitch,    // no value
  kText,      // anything
  kInteger,   // whole number in [low, high]
  kNumber,    // finite number in [low, high]
  kSeed,      // whole number below 2^64, or "random"
  kDuration,  // 1500us, 20ms, 60s: see wire/link_shape.h
  kRate,      // 10mbit, or DOWN/UP: likewise
  kLoss,      // 1%, 0.5%: likewise
  kChoice,    // one of the words in `range`, separated by '|'
};

struct Option {
  VerbSet verbs;
  std::string_view name;       // long name without dashes
  std::string_view shorthand;  // one letter, or empty
  OptionKind kind;
  std::string_view value;     // what --help calls the value
  std::string_view fallback;  // the value when the option is absent, "" for none
  double low, high;           // kInteger, kNumber: inclusive; kDuration: seconds
  std::string_view range;     // the range in words for messages; kChoice: the words
  std::string_view help;
  bool required = false;
  bool repeated = false;  // may be given several times, or as an array
};

struct Verb {
  VerbSet bit;
  std::string_view name;         // "run", "model show"; a group's own verb ("bench") stands before its others
  std::string_view operand;      // name of the one positional argument, "" for none
  std::string_view summary;      // one line for --help
  int (*run)(const Arguments&);  // returns the process's exit code
};

std::span<const Verb> Verbs();
std::span<const Option> Options();

// The row of this name (without dashes) or one-letter shorthand that `verbs` has; null for none.
const Option* FindOption(VerbSet verb, std::string_view name);

// kUsage, with option, value and range in one sentence, unless `text` is a value this option takes. called:
// what the sentence calls the option; --NAME when empty.
Status CheckValue(const Option& option, std::string_view text, std::string_view called = "");

}  // namespace tandem
