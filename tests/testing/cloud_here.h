// A cloud with the demo target on a free port, in this process.
#pragma once

#include <memory>
#include <string>

#include "cloud/server.h"
#include "decode/ggml_engine.h"
#include "model/model.h"
#include "model/vocab.h"
#include "model/vocabulary_file.h"

namespace tandem::testing {

class CloudHere {
 public:
  CloudHere() {
    const std::string target = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
    ServiceConfig config;
    config.software = "cloud under test";
    config.vocab = Vocab::Load(target).value()->identity();
    config.vocabulary = ExtractVocabulary(target).value();
    auto engine = GgmlEngine::Create(Model::Load(target).value(), {.max_sequences = 4, .threads = 1});
    server_ = CloudServer::Start(std::move(engine.value()), config, {.listen = "127.0.0.1:0"}).value();
    url_ = "ws://" + server_->address();
  }
  const std::string& url() const { return url_; }
  void Stop() { server_->Stop(); }

 private:
  std::unique_ptr<CloudServer> server_;
  std::string url_;
};

}  // namespace tandem::testing
