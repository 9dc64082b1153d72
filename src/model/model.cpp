// See model.h.
#include "model/model.h"

#include <algorithm>

#include "model/arch/arch.h"
#include "model/device.h"
#include "model/gguf_file.h"
#include "model/library_log.h"
#include "model/model_part.h"
#include "model/weight_store.h"

namespace tandem {

namespace {

// What `shown` of a model loaded as `loaded` uses of its weights.
Weights Slice(const Weights& weights, StageRange loaded, StageRange shown, int layers) {
  const int first = shown.FirstLayer() - loaded.FirstLayer();
  const int count = std::max(0, shown.LastLayer(layers) - shown.FirstLayer());
  Weights slice;
  if (shown.HasEmbedding()) {
    slice.embedding = weights.embedding;
    slice.position_embedding = weights.position_embedding;
  }
  if (count > 0) {
    slice.layers.assign(weights.layers.begin() + first, weights.layers.begin() + first + count);
    slice.rope_factors = weights.rope_factors;
  }
  if (shown.HasHead(layers)) slice.head = weights.head;
  return slice;
}

// kUsage unless the model has these stages, kModel unless the file has them.
Status CheckStages(const GgufFile& file, StageRange stages, int layers) {
  if (stages.begin < 0 || stages.begin >= stages.end || stages.end > layers + 2)
    return Fail(ErrorCode::kUsage, "stages [{}, {}) are not a range of its {} stages", stages.begin,
                stages.end, layers + 2);
  if (!IsModelPart(file.header())) return {};
  const auto part = ReadModelPart(file.header(), layers);
  if (!part) return Forward(part);
  if (part->Holds(stages)) return {};
  return Fail(ErrorCode::kModel, "is a part of a model of {} layers: it holds {}, not {}", layers,
              StagesText(part->stages, layers), StagesText({&stages, 1}, layers));
}

}  // namespace

Model::Model(std::string path, Hparams hparams, StageRange stages)
    : path_(std::move(path)), hparams_(std::move(hparams)), stages_(stages) {}

Model::~Model() = default;

Result<std::shared_ptr<const Model>> Model::Load(const std::string& path, const LoadOptions& options) {
  const LogCapture quiet;  // ggml would print
  auto device = FindDevice(options.device);
  if (!device) return Forward(device);
  auto file = OpenGguf(path);
  if (!file) return Forward(file);
  auto hparams = CheckModel(file->header());
  if (!hparams) return Fail(hparams.error().code, "{}: {}", path, hparams.error().message);

  const int layers = hparams->layers;
  const StageRange stages = options.stages.value_or(WholeModel(layers));
  if (Status s = CheckStages(*file, stages, layers); !s)
    return Fail(s.error().code, "{}: {}", path, s.error().message);
  std::shared_ptr<Model> model(new Model(file->path(), *hparams, stages));
  const TensorWishes wishes =
      WishesOf(*FindArch(hparams->arch), *hparams, stages.FirstLayer(), stages.LastLayer(layers),
               stages.HasEmbedding(), stages.HasHead(layers), model->weights_);
  auto store =
      WeightStore::Load(file->file(), file->header(), wishes, {*device, options.repack, options.mmap});
  if (!store) return Fail(store.error().code, "{}: {}", path, store.error().message);
  model->store_ = std::move(*store);
  model->device_ = *device;
  model->repack_ = options.repack;
  return model;
}

Result<std::shared_ptr<const Model>> Model::Range(StageRange stages) const {
  if (stages.begin >= stages.end || !stages_.Holds(stages))
    return Fail(ErrorCode::kUsage, "{}: stages [{}, {}) are not a range of the loaded stages [{}, {})", path_,
                stages.begin, stages.end, stages_.begin, stages_.end);
  std::shared_ptr<Model> range(new Model(path_, hparams_, stages));
  range->device_ = device_;
  range->repack_ = repack_;
  range->store_ = store_;
  range->weights_ = Slice(weights_, stages_, stages, hparams_.layers);
  return range;
}

bool Model::IsRepacked(const ggml_tensor* weight) const {
  return WeightStore::IsRepacked(weight);
}

size_t Model::mapped_bytes() const {
  return store_->mapped_bytes();
}

size_t Model::copied_bytes() const {
  return store_->copied_bytes();
}

}  // namespace tandem
