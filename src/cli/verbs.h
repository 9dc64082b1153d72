// The verbs of the program, one file each. Each takes checked arguments, prints, and returns the process's
// exit code (docs/cli.md).
#pragma once

#include "cli/arguments.h"

namespace tandem {

int RunVerb(const Arguments& arguments);          // run.cpp: writes one text
int ChatVerb(const Arguments& arguments);         // chat.cpp: talks, turn by turn
int CloudVerb(const Arguments& arguments);        // cloud.cpp: serves a target model
int LinkVerb(const Arguments& arguments);         // link.cpp: a proxy that makes a link bad
int DemoVerb(const Arguments& arguments);         // demo.cpp: edge and cloud write a story on this machine
int LeakVerb(const Arguments& arguments);         // leak.cpp: what the rows at a cut give away
int ModelShowVerb(const Arguments& arguments);    // model_show.cpp: what a GGUF file holds
int ModelPadVerb(const Arguments& arguments);     // model_pad.cpp: the same function at a larger cost
int ModelCutVerb(const Arguments& arguments);     // model_cut.cpp: some layers as a part
int ModelRandomVerb(const Arguments& arguments);  // model_random.cpp: random weights in a given shape
int BenchVerb(const Arguments& arguments);        // bench_verb.cpp: the modes on the same texts, a report
int BenchEngineVerb(const Arguments& arguments);  // bench_engine_verb.cpp: speed against libllama
int CompletionVerb(const Arguments& arguments);   // completion.cpp: a completion script
int BenchSplitVerb(const Arguments& arguments);   // bench_split_verb.cpp: what a cut model writes over links
int BenchFaultsVerb(const Arguments& arguments);  // bench_faults_verb.cpp: what a cut or a killed cloud costs
int BenchDoubtVerb(const Arguments& arguments);   // bench_doubt_verb.cpp: what a draft's doubt is worth
int BenchFiguresVerb(
    const Arguments& arguments);  // bench_figures_verb.cpp: what speculation over a link is worth
int BenchCapacityVerb(const Arguments& arguments);  // bench_capacity_verb.cpp: clients that a server carries
int BenchRulesVerb(const Arguments& arguments);     // bench_rules_verb.cpp: the rules that judge drafts
int PlanVerb(const Arguments& arguments);           // plan.cpp: where to cut a model, and in which codec
int BenchPlanVerb(const Arguments& arguments);      // bench_plan_verb.cpp: what a plan predicts, written
int PerplexityVerb(const Arguments& arguments);     // perplexity.cpp: of a text, whole or cut with a codec
int VersionVerb(const Arguments& arguments);        // version.cpp

}  // namespace tandem
