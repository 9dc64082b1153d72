// A model on a device that is not the CPU: weights and KV cache lie in the device's buffers, ggml's scheduler
// runs the graph there, and the logits are the CPU's within rounding. The device is ggml's RPC backend, a
// server thread of this process: foreign memory without a GPU. Only in builds whose ggml has it:
//   TANDEM_GGML_FLAGS=-DGGML_RPC=ON ./dev test -R Device
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "decode/prefill.h"
#include "model/device.h"
#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

constexpr double kRounding = 0.02;  // in logits; other kernels (the CPU's repacked ones) sum in another order

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

template <class Function>
Function Find(ggml_backend_reg_t reg, const char* name) {
  return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(reg, name));
}

// The name of a device of a server that runs until the process ends.
std::string StartServer(ggml_backend_reg_t rpc) {
  using Serve = void (*)(const char*, const char*, size_t, size_t, ggml_backend_dev_t*);
  using Add = ggml_backend_reg_t (*)(const char*);
  static const std::string endpoint = "127.0.0.1:" + std::to_string(FreePort());
  std::thread([serve = Find<Serve>(rpc, "ggml_backend_rpc_start_server")] {
    ggml_backend_dev_t cpu = CpuDevice();
    serve(endpoint.c_str(), nullptr, 1, 1, &cpu);
  }).detach();
  ggml_backend_reg_t reg = nullptr;
  for (int tries = 0; tries < 100 && reg == nullptr; ++tries) {
    usleep(50'000);
    reg = Find<Add>(rpc, "ggml_backend_rpc_add_server")(endpoint.c_str());
  }
  if (reg == nullptr || ggml_backend_reg_dev_count(reg) == 0) return {};
  ggml_backend_register(reg);
  return ggml_backend_dev_name(ggml_backend_reg_dev_get(reg, 0));
}

class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ggml_backend_reg_t rpc = ggml_backend_reg_by_name("RPC");
    if (rpc == nullptr) GTEST_SKIP() << "this ggml was built without a second device (see the file's head)";
    static const std::string name = StartServer(rpc);
    ASSERT_FALSE(name.empty()) << "the RPC server of this process does not answer";
    auto model = Model::Load(DemoModel("demo-target-q8_0.gguf").path, {.device = name});
    ASSERT_TRUE(model) << model.error().message;
    const ggml_tensor* weight = (*model)->weights().layers[0].q.weight;
    ASSERT_FALSE(ggml_backend_buffer_is_host(weight->buffer)) << "the weights must have left this process";
    ASSERT_FALSE((*model)->IsRepacked(weight));
    device_ = std::make_unique<EngineRun>(*model, GgmlEngineOptions{.max_sequences = 2});
    auto reference = Model::Load(DemoModel("demo-target-q8_0.gguf").path, {.device = "cpu"});
    ASSERT_TRUE(reference) << reference.error().message;
    cpu_ = std::make_unique<EngineRun>(*reference, GgmlEngineOptions{});
  }

  std::unique_ptr<EngineRun> device_, cpu_;
};

TEST_F(DeviceTest, GivesTheLogitsOfTheCpu) {
  const auto tokens = SomeTokens(kBulkRows + 9, cpu_->info().vocab_size);
  const std::span all(tokens);
  for (EngineRun* run : {device_.get(), cpu_.get()}) run->Append(all.first(kBulkRows), true, 0);
  EXPECT_LT(
      Compare(device_->Append(all.subspan(kBulkRows, 5)), cpu_->Append(all.subspan(kBulkRows, 5))).largest,
      kRounding);
  for (EngineRun* run : {device_.get(), cpu_.get()}) run->Truncate(kBulkRows + 2);
  EXPECT_LT(Compare(device_->Append(all.last(1)), cpu_->Append(all.last(1))).largest, kRounding);
}

TEST_F(DeviceTest, ForksItsCache) {
  const auto tokens = SomeTokens(20, cpu_->info().vocab_size);
  device_->Append(tokens);
  cpu_->Append(tokens);
  const auto fork = device_->engine().Fork(device_->seq(), 20);
  ASSERT_TRUE(fork) << fork.error().message;
  const SeqRows rows{.seq = *fork, .first = 20, .tokens = std::span(tokens).first(1), .logits = 1};
  const auto logits = device_->engine().Step({&rows, 1});
  ASSERT_TRUE(logits) << logits.error().message;
  const Rows got((*logits)[0].begin(), (*logits)[0].end());
  EXPECT_LT(Compare(got, cpu_->Append(std::span(tokens).first(1))).largest, kRounding);
}

TEST_F(DeviceTest, SaysThatItsBitsAreNotTheCpus) {
  EXPECT_FALSE(device_->info().exact);
  EXPECT_NE(device_->info().fingerprint, cpu_->info().fingerprint);
}

TEST(Device, UnknownNamesAreRefusedWithThoseThereAre) {
  const auto model = Model::Load(DemoModel("demo-draft-q8_0.gguf").path, {.device = "CUDA7"});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kUsage);
  EXPECT_NE(model.error().message.find("'CUDA7'"), std::string::npos) << model.error().message;
  EXPECT_NE(model.error().message.find("cpu"), std::string::npos) << model.error().message;
}

}  // namespace
}  // namespace tandem::testing
