// See options.h.
#include "cli/options.h"

#include <array>
#include <cfloat>

#include "base/sparse_draft.h"
#include "cli/numbers.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "wire/link_shape.h"

namespace tandem {

namespace {

using K = OptionKind;

constexpr double kMaxInt32 = 2147483647;
constexpr double kMaxContext = 1 << 20;
// The largest float below 1 that still reads as less than 1 after rounding to float.
constexpr double kBelowOne = 1 - FLT_EPSILON / 2;
constexpr VerbSet kTalks = kVerbRun | kVerbChat;
constexpr VerbSet kWrites = kTalks | kVerbDemo;
constexpr VerbSet kDraws = kTalks | kVerbBench;                // from any distribution, over any link
constexpr VerbSet kPairs = kVerbBenchRules | kVerbBenchDoubt;  // target and draft in one process
constexpr VerbSet kConfigured = kVerbAll & ~kVerbVersion & ~kVerbCompletion;
constexpr VerbSet kMeasuresText = kVerbPerplexity | kVerbLeak;
constexpr VerbSet kShapes = kVerbModelPad | kVerbModelRandom;

const std::array kVerbs = {
    Verb{kVerbRun, "run", "", "Write a text: alone, by the cloud, or both together", RunVerb},
    Verb{kVerbChat, "chat", "", "Talk with a model, turn by turn", ChatVerb},
    Verb{kVerbCloud, "cloud", "", "Serve a target model to edges", CloudVerb},
    Verb{kVerbLink, "link", "", "Pass TCP on over a link with delay, loss and cuts", LinkVerb},
    Verb{kVerbDemo, "demo", "", "Edge and cloud write a story on this machine, over a shaped link", DemoVerb},
    Verb{kVerbModelShow, "model show", "FILE", "Tell what a GGUF file holds", ModelShowVerb},
    Verb{kVerbModelPad, "model pad", "FILE", "Write the same function at a larger cost", ModelPadVerb},
    Verb{kVerbModelCut, "model cut", "FILE", "Write some layers as a part that loads alone", ModelCutVerb},
    Verb{kVerbModelRandom, "model random", "", "Write a model with random weights", ModelRandomVerb},
    Verb{kVerbPerplexity, "perplexity", "", "Measure a text's perplexity, whole or cut with a codec between",
         PerplexityVerb},
    Verb{kVerbLeak, "leak", "", "Measure how many tokens the rows at a cut give away", LeakVerb},
    Verb{kVerbBench, "bench", "", "Compare the modes on the same texts over links, and report", BenchVerb},
    Verb{kVerbBenchEngine, "bench engine", "", "Measure speed against libllama", BenchEngineVerb},
    Verb{kVerbBenchFaults, "bench faults", "", "Measure what a cut link and a killed cloud cost",
         BenchFaultsVerb},
    Verb{kVerbBenchFigures, "bench figures", "", "Measure what speculation over a link is worth",
         BenchFiguresVerb},
    Verb{kVerbBenchCapacity, "bench capacity", "", "Measure how many clients one server carries",
         BenchCapacityVerb},
    Verb{kVerbBenchDoubt, "bench doubt", "", "Measure what a draft's doubt tells and is worth",
         BenchDoubtVerb},
    Verb{kVerbBenchSplit, "bench split", "", "Measure what a cut model writes over a link", BenchSplitVerb},
    Verb{kVerbBenchRules, "bench rules", "", "Compare the rules that judge drafts", BenchRulesVerb},
    Verb{kVerbCompletion, "completion", "bash|zsh|fish", "Print a completion script for a shell",
         CompletionVerb},
    Verb{kVerbVersion, "version", "", "Print the version", VersionVerb},
};

// Rows of one name differ in their verbs: what a name means and defaults to may depend on the verb.
const std::array kOptions = {
    // What is written, and with whom.
    Option{
        kTalks, "mode", "", K::kChoice, "MODE", "", 0, 0, "edge|cloud|auto|speculate|sync|split",
        "who writes: edge (never connects), cloud, or both: auto plans the window, speculate keeps it "
        "fixed, sync waits for each verdict; split cuts the model (auto when --cloud is given, else edge)"},
    Option{kTalks, "split", "", K::kText, "K|A:B", "", 0, 0, "",
           "the cloud's layers, in mode split: all from K on and the head, or A to B - 1, and the rest here"},
    Option{kVerbRun, "recut", "", K::kText, "TOKENS:K", "", 0, 0, "",
           "cut before another layer once so many tokens are written, in mode split; may come several times",
           false, true},
    Option{kTalks, "part", "", K::kText, "FILE", "", 0, 0, "",
           "the model, or a part with the layers that are computed here, in mode split; --model looks ahead, "
           "if given"},
    Option{kTalks, "codec", "", K::kText, "NAME", "f16", 0, 0, "",
           "of the rows that leave them, like int8 or int4/g96/rot (docs/codecs.md)"},
    Option{kTalks, "codec-back", "", K::kText, "NAME", "", 0, 0, "",
           "of the rows that come back, with --split A:B (the same as --codec)"},
    Option{kTalks, "importance", "", K::kText, "NAME", "", 0, 0, "",
           "which rows of a prompt matter, for codecs mix (regular_importance) and water (none)"},
    Option{kTalks, "model", "m", K::kText, "EDGE.gguf", "demo-draft-q8_0.gguf", 0, 0, "",
           "the edge's model, by path or by name in a models folder (mode cloud, --drafter ngram: none is "
           "needed)"},
    Option{kTalks, "cloud", "", K::kText, "ws://HOST:PORT", "", 0, 0, "",
           "where `tandem cloud` listens, wss:// for TLS; of several the next takes over from one that is "
           "lost or busy",
           false, true},
    Option{kDraws, "ca", "", K::kText, "FILE", "", 0, 0, "",
           "certificates (PEM) that wss:// trusts instead of the system's"},
    Option{kVerbRun, "prompt", "p", K::kText, "PROMPT", "", 0, 0, "", "what the text begins with", true},
    Option{kVerbRun, "predict", "n", K::kInteger, "N", "128", 1, kMaxContext, "1 to 1048576",
           "tokens to write at most"},
    Option{kVerbRun, "chat", "", K::kSwitch, "", "", 0, 0, "",
           "put the prompt through the model's chat template, as one user message"},
    Option{kTalks, "template", "", K::kText, "NAME", "", 0, 0, "",
           "chat template by libllama's name, like chatml (the model's own)"},
    Option{kTalks, "system", "", K::kText, "TEXT", "", 0, 0, "", "instructions that stand before a chat"},
    Option{kVerbChat, "predict", "n", K::kInteger, "N", "512", 1, kMaxContext, "1 to 1048576",
           "tokens of an answer at most"},
    Option{kVerbDemo, "predict", "n", K::kInteger, "N", "128", 16, 200, "16 to 200",
           "tokens to write at most"},
    Option{kVerbDemo, "prompt", "p", K::kText, "PROMPT",
           "Once upon a time, a little fox found a red balloon.", 0, 0, "", "what the story begins with"},
    // How it is drawn.
    Option{kWrites, "seed", "s", K::kSeed, "S", "random", 0, 0, "a whole number below 2^64, or random",
           "one seed, one text"},
    Option{kWrites | kVerbBench | kVerbLeak, "temp", "", K::kNumber, "T", "0.8", 0, 100, "0 to 100",
           "temperature; 0 takes the likeliest"},
    Option{kDraws, "top-k", "", K::kInteger, "K", "40", 0, kMaxInt32, "0 to 2147483647",
           "keep the K likeliest tokens; 0 keeps all"},
    Option{kDraws, "top-p", "", K::kNumber, "P", "0.95", FLT_MIN, 1, "more than 0, at most 1",
           "keep the smallest set that holds this much probability"},
    Option{kDraws, "min-p", "", K::kNumber, "P", "0.05", 0, kBelowOne, "0 or more, less than 1",
           "drop tokens less likely than this part of the likeliest"},
    Option{kDraws, "repeat-penalty", "", K::kNumber, "X", "1.0", FLT_MIN, 100, "more than 0, at most 100",
           "divides the logits of the last 64 tokens; 1 is off"},
    Option{kWrites, "draft", "", K::kInteger, "K", "3", 1, 64, "1 to 64",
           "tokens drafted for a frame, in modes speculate and sync"},
    Option{
        kTalks, "drafter", "", K::kChoice, "WHO", "model", 0, 0, "model|ngram",
        "who drafts: the edge's model, or ngram: what followed the same tokens before (no model is needed)"},
    Option{
        kTalks, "rule", "", K::kChoice, "RULE", "coupled", 0, 0, "coupled|token|block",
        "how drafts are judged: coupled keeps one text for one seed; token and block, in mode sync, the law"},
    Option{kTalks, "window", "", K::kInteger, "N", "0", 0, 1024, "0 to 1024",
           "drafts that may wait unjudged in mode speculate; 0: as many as pay their bytes"},
    // The link.
    Option{kTalks, "rtt", "", K::kDuration, "TIME", "", 0, 60, "0 to 60s, like 20ms",
           "lengthen the link's round trip by this much"},
    Option{kDraws, "rate", "", K::kRate, "DOWN[/UP]", "", 0, 0,
           "1kbit to 1000gbit, like 10mbit or 10mbit/2mbit", "slow the link down to this many bits a second"},
    Option{kDraws, "jitter", "", K::kDuration, "TIME", "", 0, 60, "0 to 60s, like 5ms",
           "delay every segment by up to this much more"},
    Option{kDraws, "loss", "", K::kLoss, "PART", "", 0, 0, "0 to 50%, like 1%",
           "lose this part of the link's segments"},
    Option{kVerbLink, "listen", "", K::kText, "HOST:PORT", "", 0, 0, "",
           "address that the edge connects to; port 0 takes a free one", true},
    Option{kVerbLink, "to", "", K::kText, "HOST:PORT", "", 0, 0, "", "where connections go on to", true},
    Option{kVerbLink, "rtt", "", K::kDuration, "TIME", "0", 0, 60, "0 to 60s, like 20ms",
           "round trip, half of it each way"},
    Option{kVerbLink, "jitter", "", K::kDuration, "TIME", "0", 0, 60, "0 to 60s, like 5ms",
           "delay every segment by up to this much more"},
    Option{kVerbLink, "rate", "", K::kRate, "DOWN[/UP]", "", 0, 0,
           "1kbit to 1000gbit, like 10mbit or 10mbit/2mbit",
           "bits a second, down and up as the edge sees them (no limit)"},
    Option{kVerbLink, "loss", "", K::kLoss, "PART", "0", 0, 0, "0 to 50%, like 1%",
           "lose this part of the segments; each is a retransmission stall"},
    Option{kVerbLink, "cut-every", "", K::kDuration, "TIME", "", 0.001, 3600, "1ms to 3600s, like 20s",
           "cut the link so often"},
    Option{kVerbLink, "cut-for", "", K::kDuration, "TIME", "", 0.001, 3600, "1ms to 3600s, like 5s",
           "for so long"},
    Option{kVerbLink, "cut-mode", "", K::kChoice, "MODE", "stall", 0, 0, "stall|drop",
           "what a cut does: nothing passes and nobody is told (stall), or connections are reset (drop)"},
    Option{kVerbLink, "seed", "s", K::kSeed, "S", "0", 0, 0, "a whole number below 2^64, or random",
           "of jitter and loss"},
    Option{kVerbDemo, "rtt", "", K::kDuration, "TIME", "20ms", 0, 60, "0 to 60s, like 20ms",
           "the link's round trip"},
    Option{kVerbDemo, "rate", "", K::kRate, "DOWN[/UP]", "10mbit", 0, 0,
           "1kbit to 1000gbit, like 10mbit or 10mbit/2mbit", "bits a second that the link carries"},
    Option{kTalks, "retry-for", "", K::kDuration, "TIME", "60s", 0, 3600, "0 to 3600s, like 60s",
           "how long a lost link is dialled again"},
    // The server.
    Option{kVerbCloud, "model", "m", K::kText, "TARGET.gguf", "demo-target-q8_0.gguf", 0, 0, "",
           "the target model, by path or by name in a models folder"},
    Option{kVerbCloud, "listen", "", K::kText, "HOST:PORT", "127.0.0.1:8765", 0, 0, "",
           "address to listen on; port 0 takes a free one"},
    Option{kVerbCloud, "cert", "", K::kText, "FILE", "", 0, 0, "",
           "certificate (PEM, with those up to an issuer that edges know): listen on wss://"},
    Option{kVerbCloud, "key", "", K::kText, "FILE", "", 0, 0, "", "the certificate's key (PEM, no password)"},
    Option{kVerbCloud, "max-sessions", "", K::kInteger, "N", "8", 1, 256, "1 to 256",
           "texts at once; Busy beyond"},
    Option{kVerbCloud, "kv-memory", "", K::kInteger, "MB", "", 1, 1 << 24, "1 to 16777216",
           "memory for the caches of all texts; Busy beyond (three quarters of what is free)"},
    Option{kVerbCloud, "prefix-cache", "", K::kInteger, "N", "8", 0, 256, "0 to 256",
           "texts whose cache outlives them, for prompts that begin alike; 0: nothing is shared"},
    Option{kDraws | kVerbCloud, "token-file", "", K::kText, "FILE", "", 0, 0, "",
           "file whose first line is the secret that edge and cloud share"},
    // The engine.
    Option{kTalks | kVerbCloud | kPairs | kMeasuresText | kVerbModelCut, "threads", "t", K::kInteger, "N", "",
           1, 256, "1 to 256", "threads of the engine (all cores)"},
    Option{kTalks | kVerbCloud, "ctx", "c", K::kInteger, "N", "", 2, kMaxContext, "2 to 1048576",
           "positions of one text (the model's context)"},
    Option{kTalks | kVerbCloud | kMeasuresText, "device", "", K::kText, "NAME", "auto", 0, 0, "",
           "where steps are computed: auto (a GPU if ggml was built for one), cpu, or ggml's name for it"},
    // Making models.
    Option{kVerbModelRandom, "like", "", K::kText, "FILE", "", 0, 0, "",
           "model whose shape and vocabulary are taken", true},
    Option{kShapes, "layers", "", K::kInteger, "N", "", 1, 1024, "1 to 1024", "layers"},
    Option{kVerbModelRandom, "width", "", K::kInteger, "N", "", 1, 65536, "1 to 65536", "hidden width"},
    Option{kVerbModelRandom, "heads", "", K::kInteger, "N", "", 1, 1024, "1 to 1024", "attention heads"},
    Option{kVerbModelRandom, "kv-heads", "", K::kInteger, "N", "", 1, 1024, "1 to 1024",
           "key and value heads"},
    Option{kShapes, "ff", "", K::kInteger, "N", "", 1, 1 << 20, "1 to 1048576", "feed-forward width"},
    Option{kVerbModelRandom, "arch", "", K::kText, "NAME", "", 0, 0, "",
           "architecture; that of the file it is like, unless given"},
    Option{kVerbModelRandom, "vocab",
           ""
           "",
           K::kInteger, "N", "", 2, 1 << 20, "2 to 1048576", "vocabulary of this many made-up tokens"},
    Option{kVerbModelRandom, "ctx", "c", K::kInteger, "N", "", 2, kMaxContext, "2 to 1048576", "context"},
    Option{kVerbModelRandom, "type", "", K::kChoice, "TYPE", "q8_0", 0, 0, "q4_0|q4_k|q8_0|f16|f32",
           "type of the weights"},
    Option{kVerbModelRandom, "seed", "s", K::kSeed, "S", "0", 0, 0, "a whole number below 2^64, or random",
           "equal seeds, equal files"},
    Option{kVerbModelCut, "layers", "", K::kText, "A:B[,C:D]", "", 0, 0, "",
           "layers from A to before B, counted from 0; 0 takes the embedding along, the last layer the head",
           true},
    Option{kVerbModelCut, "calibrate", "", K::kText, "TEXT", "", 0, 0, "",
           "measure the rows at the part's cuts on this text, for codecs with channel or sink"},
    Option{kVerbModelCut, "heads", "", K::kSwitch, "", "", 0, 0, "",
           "with --calibrate: how much each attention head counts, too, for weighted_importance"},
    Option{kShapes | kVerbModelCut, "output", "o", K::kText, "OUT", "", 0, 0, "", "file to write", true},
    // Measuring.
    Option{kMeasuresText, "model", "m", K::kText, "FILE", "demo-target-q8_0.gguf", 0, 0, "",
           "the model, by path or by name in a models folder"},
    Option{kMeasuresText, "file", "f", K::kText, "TEXT", "", 0, 0, "", "the text", true},
    Option{kVerbPerplexity, "ctx", "c", K::kInteger, "N", "", 2, kMaxContext, "2 to 1048576",
           "tokens of a window (512, or the model's context where that is shorter)"},
    Option{kVerbPerplexity, "stride", "", K::kInteger, "N", "32", 1, kMaxContext, "1 to 1048576",
           "tokens from one window's begin to the next's, in form hf"},
    Option{kVerbPerplexity, "form", "", K::kChoice, "FORM", "hf", 0, 0, "hf|chunks",
           "sliding windows as Hugging Face's recipe, or chunks as llama-perplexity"},
    Option{kVerbPerplexity, "weight", "", K::kChoice, "WEIGHT", "hf", 0, 0, "hf|exact",
           "votes in form hf: as the recipe counts, or one a scored token"},
    Option{kVerbPerplexity, "split", "", K::kInteger, "K", "", 0, 512, "0 to 512",
           "cut the model after K layers and pass the rows there through --codec"},
    Option{kMeasuresText, "codec", "", K::kText, "NAME", "f16", 0, 0, "",
           "row codec, like int4/g32/rot (docs/codecs.md)"},
    Option{kVerbPerplexity, "sweep", "", K::kText, "PARAMS.json", "", 0, 0, "",
           "try every cut, method, ratio and codec that this file names (docs/split.md)"},
    Option{kVerbPerplexity, "output", "o", K::kText, "FOLDER", "", 0, 0, "",
           "folder of a sweep: params, results, charts; taken up where it was left (experiment_<time>)"},
    Option{kVerbLeak, "split", "", K::kInteger, "K", "", 0, 512, "0 to 512",
           "layers below the cut, at the edge", true},
    Option{kVerbLeak, "known", "", K::kInteger, "N", "8192", 64, 1 << 20, "64 to 1048576",
           "tokens of the text's begin that the attacker knows"},
    Option{kVerbLeak, "count", "", K::kInteger, "N", "8", 1, 10000, "1 to 10000",
           "prompts that are taken from the rest of the text"},
    Option{kVerbLeak, "prompt-tokens", "", K::kInteger, "N", "64", 1, kMaxContext, "1 to 1048576",
           "tokens of each prompt"},
    Option{kVerbLeak, "predict", "n", K::kInteger, "N", "32", 0, kMaxContext, "0 to 1048576",
           "tokens that the model goes on with"},
    Option{kVerbLeak, "candidates", "", K::kInteger, "N", "64", 1, 4096, "1 to 4096",
           "ids that re-encoding tries for each row at most"},
    Option{kVerbLeak, "seed", "s", K::kSeed, "S", "1", 0, 0, "a whole number below 2^64, or random",
           "of the generated tokens"},
    Option{kVerbPerplexity, "max-windows", "", K::kInteger, "N", "0", 0, kMaxInt32, "0 to 2147483647",
           "windows at most; 0: all"},
    Option{kVerbPerplexity, "partial", "", K::kText, "FILE", "", 0, 0, "",
           "keep what is measured here while it runs, and go on from it"},
    Option{kVerbPerplexity, "json-out", "", K::kText, "FILE", "", 0, 0, "", "write what --json prints here"},
    Option{kVerbPerplexity, "svg", "", K::kText, "FILE", "", 0, 0, "", "write a chart here"},
    Option{kVerbBenchEngine, "model", "m", K::kText, "FILE", "", 0, 0, "", "model to measure", true},
    Option{kVerbBenchEngine, "rounds", "", K::kInteger, "N", "5", 1, 1000, "1 to 1000",
           "alternations of which the median is taken"},
    Option{kVerbBenchEngine, "metric", "", K::kChoice, "NAME", "all", 0, 0,
           "all|prefill|decode|decode_busy|perplexity|load_ms|peak_rss_mb", "measure this one only"},
    Option{kPairs, "model", "m", K::kText, "TARGET.gguf", "demo-target-q8_0.gguf", 0, 0, "",
           "the target model, by path or by name in a models folder"},
    Option{kPairs | kVerbBench, "draft-model", "", K::kText, "EDGE.gguf", "demo-draft-q8_0.gguf", 0, 0, "",
           "the model that drafts, by path or by name in a models folder"},
    Option{kPairs | kVerbBenchFigures | kVerbBenchCapacity | kVerbBenchSplit, "prompts", "", K::kText, "FILE",
           "bench/prompts/stories.txt", 0, 0, "", "file with a prompt a line"},
    Option{kPairs, "count", "", K::kInteger, "N", "16", 1, 10000, "1 to 10000", "prompts to take from it"},
    Option{kPairs, "predict", "n", K::kInteger, "N", "128", 1, kMaxContext, "1 to 1048576",
           "tokens to write at most, each prompt"},
    Option{kVerbBenchRules, "draft", "", K::kInteger, "K", "4", 1, 16, "1 to 16",
           "tokens drafted before each verdict"},
    Option{kVerbBenchRules, "ids", "", K::kInteger, "N", "8", 1, kMaxDraftIds, "1 to 64",
           "ids of a sparse draft law"},
    Option{kVerbBenchRules, "lattice", "", K::kInteger, "N", "100", 1, kMaxLattice, "1 to 4096",
           "shares that a sparse draft law deals out"},
    Option{kPairs | kVerbBenchFigures | kVerbBenchCapacity | kVerbBench, "seed", "s", K::kSeed, "S", "1", 0,
           0, "a whole number below 2^64, or random", "of the first text"},
    Option{kVerbBenchFigures, "count", "", K::kInteger, "N", "3", 1, 10000, "1 to 10000",
           "prompts of it that are written"},
    Option{kVerbBenchFigures, "predict", "n", K::kInteger, "N", "64", 1, 180, "1 to 180",
           "tokens of each text"},
    Option{kVerbBenchFigures, "rounds", "", K::kInteger, "N", "1", 1, 100, "1 to 100",
           "alternations of all modes"},
    Option{kVerbBenchFaults, "prompt", "p", K::kText, "PROMPT",
           "Once upon a time, a little fox found a red balloon.", 0, 0, "", "what the text begins with"},
    Option{kVerbBenchFaults, "predict", "n", K::kInteger, "N", "128", 16, 200, "16 to 200",
           "tokens of the text"},
    Option{kVerbBenchFaults, "cut-for", "", K::kDuration, "TIME", "5s", 0.1, 20, "0.1s to 20s, like 5s",
           "how long the link is cut"},
    Option{kVerbBenchFaults, "seed", "s", K::kSeed, "S", "1", 0, 0, "a whole number below 2^64, or random",
           "of the text"},
    Option{kVerbBenchSplit, "split", "", K::kInteger, "K", "3", 0, 512, "0 to 512",
           "layers of the padded demo target that the edge computes"},
    Option{kVerbBenchSplit, "codec", "", K::kText, "NAME", "f16", 0, 0, "", "of the rows that leave them"},
    Option{kVerbBenchSplit, "rtt", "", K::kDuration, "TIME", "30ms", 0, 60, "0 to 60s, like 20ms",
           "round trip of the link"},
    Option{kVerbBenchSplit, "predict", "n", K::kInteger, "N", "64", 16, 180, "16 to 180",
           "tokens of each text"},
    Option{kVerbBenchSplit, "count", "", K::kInteger, "N", "3", 1, 16, "1 to 16", "texts"},
    Option{kVerbBenchSplit, "seed", "s", K::kSeed, "S", "1", 0, 0, "a whole number below 2^64, or random",
           "of the first text"},
    Option{kVerbBenchCapacity, "clients", "", K::kText, "N,N,...", "1,4,16,64", 0, 0, "",
           "clients at a time, 1 to 256 each"},
    Option{kVerbBenchCapacity, "rtt", "", K::kDuration, "TIME", "30ms", 0, 60, "0 to 60s, like 20ms",
           "round trip of the edges' links"},
    Option{kVerbBenchCapacity, "predict", "n", K::kInteger, "N", "64", 1, 180, "1 to 180",
           "tokens of each text"},
    Option{kVerbBenchCapacity, "rounds", "", K::kInteger, "N", "20", 1, 100, "1 to 100",
           "times that each row count is measured, if 40 s allow; the quickest counts"},
    Option{kVerbBenchCapacity, "threads", "t", K::kInteger, "N", "1", 1, 256, "1 to 256",
           "threads of the server; more than one need a quiet machine"},
    Option{kVerbBenchCapacity, "quick", "", K::kSwitch, "", "", 0, 0, "",
           "the demo pair alone: no padded targets, no live check"},
    Option{kVerbBench, "cloud", "", K::kText, "ws://HOST:PORT", "", 0, 0, "",
           "measure against this cloud, several as in run (one of this program's own with the demo's padded "
           "target)",
           false, true},
    Option{kVerbBench, "prompts", "", K::kText, "FILE", "builtin", 0, 0, "",
           "builtin, or a file: a prompt a line, or .jsonl as Spec-Bench's and HumanEval's"},
    Option{kVerbBench, "num-prompts", "", K::kInteger, "N", "5", 1, 10000, "1 to 10000",
           "prompts of it that are written, those without room in the context passed over"},
    Option{kVerbBench, "iterations", "", K::kInteger, "N", "2", 1, 1000, "1 to 1000",
           "times that each prompt is written, with another seed each"},
    Option{kVerbBench, "warmup", "", K::kInteger, "N", "1", 0, 100, "0 to 100",
           "texts that every mode writes first, not counted"},
    Option{kVerbBench, "modes", "", K::kText, "LIST", "cloud,sync,speculate,auto", 0, 0, "",
           "of edge, cloud, sync, speculate, auto; cloud is the baseline and must be among them"},
    Option{kVerbBench, "k", "", K::kText, "LIST", "2,4,8", 0, 0, "",
           "tokens drafted for a frame in modes sync and speculate, each 1 to 64"},
    Option{kVerbBench, "rtt", "", K::kText, "LIST", "0,10,30,60,100,200", 0, 0, "",
           "round trips to add to the link, in ms, each 0 to 60000"},
    Option{kVerbBench, "predict", "n", K::kInteger, "N", "50", 1, kMaxContext, "1 to 1048576",
           "tokens of each text at most"},
    Option{kVerbBench, "threads", "t", K::kInteger, "N", "1", 1, 256, "1 to 256",
           "threads of the draft's engine"},
    Option{kVerbBench, "report", "", K::kText, "FILE", "", 0, 0, "", "write the report here, as text"},
    Option{kVerbBench, "json-out", "", K::kText, "FILE", "", 0, 0, "", "write what --json prints here"},
    Option{kVerbBench, "html", "", K::kText, "FILE", "", 0, 0, "",
           "write a report with a chart here, one file"},
    Option{kVerbBench, "svg", "", K::kText, "FILE", "", 0, 0, "", "write the chart here"},
    // How it is told.
    Option{kWrites, "color", "", K::kChoice, "WHEN", "auto", 0, 0, "auto|always|never",
           "colour tokens by who wrote them (auto: on a terminal, unless NO_COLOR is set)"},
    Option{
        kConfigured, "config", "", K::kText, "FILE", "", 0, 0, "",
        "TOML file that sets options (tandem/config.toml in $XDG_CONFIG_HOME or ~/.config, if it is there)"},
    Option{kVerbAll & ~kVerbCompletion, "json", "", K::kSwitch, "", "", 0, 0, "",
           "print one JSON object to stdout and nothing else"},
};

bool InRange(const Option& option, double value) {
  return value >= option.low && value <= option.high;
}

bool IsChoice(std::string_view words, std::string_view text) {
  for (;;) {
    size_t bar = words.find('|');
    if (words.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) return false;
    words.remove_prefix(bar + 1);
  }
}

bool IsValue(const Option& option, std::string_view text) {
  switch (option.kind) {
    case K::kSwitch:
    case K::kText:
      return true;
    case K::kInteger: {
      auto value = ParseInteger(text);
      return value && InRange(option, static_cast<double>(*value));
    }
    case K::kNumber: {
      auto value = ParseNumber(text);
      return value && InRange(option, *value);
    }
    case K::kSeed:
      return text == "random" || ParseUnsigned(text).has_value();
    case K::kDuration: {
      auto value = ParseDuration(text);
      return value && InRange(option, ToMs(*value) / 1000.0);
    }
    case K::kRate:
      return ParseRates(text).has_value();
    case K::kLoss:
      return ParseLoss(text).has_value();
    case K::kChoice:
      return IsChoice(option.range, text);
  }
  return false;
}

std::string Wanted(const Option& option) {
  switch (option.kind) {
    case K::kInteger:
      return fmt::format("a whole number, {}", option.range);
    case K::kNumber:
      return fmt::format("a number, {}", option.range);
    case K::kDuration:
      return fmt::format("a time, {}", option.range);
    case K::kRate:
      return fmt::format("a rate, {}", option.range);
    case K::kLoss:
      return fmt::format("a part, {}", option.range);
    case K::kChoice: {
      std::string words(option.range);
      for (size_t i = words.find('|'); i != std::string::npos; i = words.find('|', i))
        words.replace(i, 1, ", ");
      return "one of " + words;
    }
    default:
      return std::string(option.range);
  }
}

}  // namespace

std::span<const Verb> Verbs() {
  return kVerbs;
}

std::span<const Option> Options() {
  return kOptions;
}

const Option* FindOption(VerbSet verb, std::string_view name) {
  for (const Option& option : kOptions) {
    if ((option.verbs & verb) && (option.name == name || (!name.empty() && option.shorthand == name)))
      return &option;
  }
  return nullptr;
}

Status CheckValue(const Option& option, std::string_view text, std::string_view called) {
  if (IsValue(option, text)) return {};
  const std::string name = called.empty() ? fmt::format("--{}", option.name) : std::string(called);
  return Fail(ErrorCode::kUsage, "{} is '{}' but must be {}", name, Printable(text), Wanted(option));
}

}  // namespace tandem
