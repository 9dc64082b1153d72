// tandem model show: what a GGUF file holds.
#include <map>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/utf8.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "decode/ggml_engine.h"
#include "model/gguf_file.h"
#include "model/model.h"
#include "model/model_part.h"
#include "model/vocab.h"
#include "model/weights_hash.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

struct TypeTotal {
  uint64_t tensors = 0, elements = 0, bytes = 0;
};

std::map<std::string, TypeTotal> TotalsByType(const GgufHeader& header) {
  std::map<std::string, TypeTotal> totals;
  for (const GgufTensor& tensor : header.tensors()) {
    TypeTotal& total = totals[ggml_type_name(tensor.type)];
    total.tensors += 1;
    total.elements +=
        static_cast<uint64_t>(tensor.shape[0] * tensor.shape[1] * tensor.shape[2] * tensor.shape[3]);
    total.bytes += tensor.bytes;
  }
  return totals;
}

Json SizesJson(const GgufFile& file) {
  Json types = Json::object();
  uint64_t parameters = 0;
  for (const auto& [name, total] : TotalsByType(file.header())) {
    types[name] = {{"tensors", total.tensors}, {"parameters", total.elements}, {"bytes", total.bytes}};
    parameters += total.elements;
  }
  return {{"file_bytes", file.bytes().size()}, {"parameters", parameters}, {"types", types}};
}

Json ShapeJson(const Hparams& shape) {
  return {{"layers", shape.layers},     {"width", shape.width},        {"heads", shape.heads},
          {"kv_heads", shape.kv_heads}, {"head_dim", shape.head_dim},  {"ff", shape.ff},
          {"context", shape.context},   {"rope_dims", shape.rope.dims}};
}

Json VocabJson(const Vocab& vocab) {
  return {{"size", vocab.size()},
          {"digest", Hex(vocab.identity().digest)},
          {"bos", vocab.bos()},
          {"end_tokens", vocab.end_tokens()},
          {"chat_template", vocab.chat_template()}};
}

// What the file holds of the model: one range of stages, or a part's.
Result<std::vector<StageRange>> StagesOf(const GgufHeader& header, const Hparams& shape) {
  if (!IsModelPart(header)) return std::vector{WholeModel(shape.layers)};
  auto part = ReadModelPart(header, shape.layers);
  if (!part) return Forward(part);
  return std::move(part->stages);
}

// Asks an engine, since it depends on weight types and on this machine's kernels together.
Result<Json> ExactnessJson(const std::string& path, StageRange stages) {
  auto model = Model::Load(path, {.stages = stages});
  if (!model) return Forward(model);
  GgmlEngineOptions options;
  options.context = std::min<Pos>((*model)->hparams().context, 64);
  auto engine = GgmlEngine::Create(*model, options);
  if (!engine) return Forward(engine);
  const EngineInfo& info = (*engine)->info();
  return Json{{"exact", info.exact}, {"note", info.exact_note}, {"kernels", info.fingerprint}};
}

Result<Json> Describe(const std::string& path) {
  auto file = OpenGguf(path);
  if (!file) return Forward(file);
  auto shape = CheckModel(file->header());
  if (!shape) return Fail(shape.error().code, "{}: {}", path, shape.error().message);
  auto vocab = Vocab::Load(path);
  if (!vocab) return Forward(vocab);
  auto stages = StagesOf(file->header(), *shape);
  if (!stages) return Forward(stages);
  Json exactness;
  for (const StageRange& range : *stages) {
    auto own = ExactnessJson(path, range);
    if (!own) return Forward(own);
    if (exactness.is_null() || exactness["exact"].get<bool>()) exactness = std::move(*own);
  }
  const auto digests = DigestsOf(path);
  if (!digests) return Forward(digests);
  return Json{
      {"file", path},
      {"name", (*vocab)->model_name()},
      {"architecture", shape->arch},
      {"shape", ShapeJson(*shape)},
      {"part", IsModelPart(file->header()) ? Json(StagesText(*stages, shape->layers)) : Json(nullptr)},
      {"sizes", SizesJson(*file)},
      {"vocabulary", VocabJson(**vocab)},
      {"exactness", exactness},
      {"identity", Hex(digests->identity)},
      {"sha256", Hex(digests->weights)}};
}

std::string FirstLine(const std::string& text) {
  return ValidUtf8(text.substr(0, std::min<size_t>(text.find('\n'), 60)));
}

void PrintForPeople(const Json& model) {
  auto row = [](std::string_view name, const std::string& value) { fmt::print("{:<14}{}\n", name, value); };
  const Json &shape = model["shape"], &sizes = model["sizes"], &vocab = model["vocabulary"];
  row("name", model["name"].get<std::string>());
  row("architecture", model["architecture"].get<std::string>());
  row("parameters", fmt::format("{:.1f} M in {:.1f} MB", sizes["parameters"].get<double>() / 1e6,
                                sizes["file_bytes"].get<double>() / 1e6));
  for (const auto& [type, total] : sizes["types"].items()) {
    row("  " + type,
        fmt::format("{} tensors, {:.1f} M parameters, {:.1f} MB", total["tensors"].get<uint64_t>(),
                    total["parameters"].get<double>() / 1e6, total["bytes"].get<double>() / 1e6));
  }
  row("layers", shape["layers"].dump());
  if (!model["part"].is_null()) row("part", model["part"].get<std::string>());
  row("width", fmt::format("{}, feed-forward {}", shape["width"].dump(), shape["ff"].dump()));
  row("heads", fmt::format("{} of {} dimensions, {} for keys and values", shape["heads"].dump(),
                           shape["head_dim"].dump(), shape["kv_heads"].dump()));
  row("context", fmt::format("{} positions, {}", shape["context"].dump(),
                             shape["rope_dims"] == 0
                                 ? "learned"
                                 : fmt::format("rotary over {} dimensions", shape["rope_dims"].dump())));
  row("vocabulary",
      fmt::format("{} ids, {}", vocab["size"].dump(), vocab["digest"].get<std::string>().substr(0, 16)));
  std::string chat = vocab["chat_template"].get<std::string>();
  row("chat template", chat.empty() ? "none" : FirstLine(chat));
  const Json& exactness = model["exactness"];
  std::string note = exactness["note"].get<std::string>();
  row("exact", exactness["exact"].get<bool>() ? "yes: one seed, one text, in every mode" : "no: " + note);
  row("identity", model["identity"].get<std::string>());
  row("sha256", model["sha256"].get<std::string>());
}

}  // namespace

int ModelShowVerb(const Arguments& arguments) {
  bool json = arguments.Switch("json");
  auto path = FindModel(arguments.operand());
  if (!path) return Report(path.error(), json);
  auto model = Describe(*path);
  if (!model) return Report(model.error(), json);
  if (json) {
    PrintJson(*model);
  } else {
    PrintForPeople(*model);
  }
  return 0;
}

}  // namespace tandem
