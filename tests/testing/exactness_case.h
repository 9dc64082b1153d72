// "One seed, one text" on real models and real sockets: a cloud server, edges over ws://, and what may not
// matter drawn from a seed: the draft, its length, a cut link, how many clients share the server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cloud/server.h"
#include "decode/ggml_engine.h"
#include "edge/runner.h"
#include "model/model.h"
#include "model/vocab.h"

namespace tandem::testing {

// One model file, loaded once; engines of it are made as needed.
struct LoadedModel {
  std::string path;
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Vocab> vocab;
};

LoadedModel LoadOrDie(const std::string& path);
std::unique_ptr<GgmlEngine> EngineOf(const LoadedModel& model, int threads, int max_sequences);

// A server of `model` on a free loopback port.
std::unique_ptr<CloudServer> Serve(const LoadedModel& model, int max_sessions);

struct ExactnessCase {
  std::vector<Token> prompt;
  SamplingParams sampling;
  int max_tokens = 128;
  int draft_length = 3;
  Mode mode = Mode::kSpeculate;  // that is held against mode cloud
  const LoadedModel* draft = nullptr;
  int cut_after_frames = 0;  // the first link is lost after so many frames of the cloud; 0: never
};

// Through the socket, in either mode. The run must not end in an error.
RunResult RunCase(const ExactnessCase& c, Mode mode, const LoadedModel& target, uint16_t port);

// What the target writes alone, in this process.
std::vector<Token> WriteAlone(const ExactnessCase& c, const LoadedModel& target);

// Lines of bench/prompts/stories.txt.
std::vector<std::string> StoryPrompts();

}  // namespace tandem::testing
