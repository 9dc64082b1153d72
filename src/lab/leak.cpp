// See leak.h.
#include "lab/leak.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "codec/row_codec.h"
#include "lab/reencoding.h"
#include "lab/row_reader.h"
#include "lab/token_loss.h"
#include "sample/sampler.h"

namespace tandem {

namespace {

constexpr size_t kLeastKnown = 64, kMostKnown = 1u << 20;
constexpr size_t kMostKnownValues = 1u << 28;  // 1 GiB of known rows
constexpr size_t kStepRows = 512;              // of the whole model

Status CheckPlan(const LeakPlan& plan, const ModelAtCutShape& shape, const LeakText& text) {
  const auto width = static_cast<size_t>(shape.width);
  if (shape.below == shape.layers)
    return Fail(ErrorCode::kUsage,
                "a cut above all {} layers passes only the last row of a prompt: cut below one of them",
                shape.layers);
  if (plan.known < kLeastKnown || plan.known > std::min(kMostKnown, kMostKnownValues / width))
    return Fail(ErrorCode::kUsage, "{} known tokens, expected {} to {} for rows of {} values", plan.known,
                kLeastKnown, std::min(kMostKnown, kMostKnownValues / width), width);
  if (plan.prompts == 0 || plan.prompt_tokens == 0 || plan.candidates == 0)
    return Fail(ErrorCode::kUsage, "{} prompts of {} tokens and {} candidates: none may be 0", plan.prompts,
                plan.prompt_tokens, plan.candidates);
  const size_t begin = text.first == kNoToken ? 0 : 1;
  const size_t length = begin + plan.prompt_tokens + plan.generated;
  if (length > static_cast<size_t>(shape.context))
    return Fail(ErrorCode::kContext, "texts of {} tokens exceed the context of {}", length, shape.context);
  const size_t needed = plan.known + plan.prompts * plan.prompt_tokens;
  if (text.tokens.size() < needed)
    return Fail(ErrorCode::kFile, "the text has {} tokens, {} known ones and {} prompts of {} need {}",
                text.tokens.size(), plan.known, plan.prompts, plan.prompt_tokens, needed);
  return Validate(plan.sampling);
}

size_t KnownTexts(const LeakPlan& plan) {
  const size_t length = plan.prompt_tokens + plan.generated;
  return (plan.known + length - 1) / length;
}

bool WantsCalibration(const RowCodecSpec& spec) {
  return spec.span == ScaleSpan::kChannel || spec.sinks == SinkRule::kThreshold;
}

// One text as it passes the cut.
struct Passage {
  std::vector<Token> ids;
  size_t begin = 0;   // ids in front that the attacker knows: the begin token
  size_t prompt = 0;  // ids before the generated ones
  std::vector<float> rows, decoded;
};

class LeakMeter {
 public:
  LeakMeter(ModelAtCut& model, const LeakText& text, const LeakPlan& plan, const LeakStep& step)
      : model_(model),
        text_(text),
        plan_(plan),
        step_(step),
        width_(static_cast<size_t>(model.shape().width)) {}

  Result<LeakReport> Measure(const RowCodecSpec& spec) {
    if (Status s = PassKnown(spec); !s) return Forward(s);
    if (Status s = FitReaders(); !s) return Forward(s);
    report_.readings = {{"nearest embedding", {}, {}},
                        {"ridge probe", {}, {}},
                        {"re-encoding", {}, {}},
                        {"prediction", {}, {}}};
    const size_t room = text_.tokens.size() - plan_.known - plan_.prompt_tokens;
    for (size_t i = 0; i < plan_.prompts; ++i) {
      const size_t at = plan_.known + (plan_.prompts == 1 ? 0 : room * i / (plan_.prompts - 1));
      if (Status s = MeasurePrompt(at); !s) return Forward(s);
    }
    return std::move(report_);
  }

 private:
  Status Step() const {
    if (step_()) return {};
    return Fail(ErrorCode::kInternal, "the measurement was stopped");
  }

  Passage TextAt(size_t at, size_t tokens) const {
    Passage passage;
    if (text_.first != kNoToken) passage.ids.push_back(text_.first);
    passage.begin = passage.ids.size();
    const auto from = text_.tokens.begin() + static_cast<ptrdiff_t>(at);
    passage.ids.insert(passage.ids.end(), from, from + static_cast<ptrdiff_t>(tokens));
    passage.prompt = passage.ids.size();
    return passage;
  }

  RowsView View(const std::vector<float>& rows, size_t begin, size_t count) const {
    return {std::span<const float>(rows).subspan(begin * width_, count * width_), width_};
  }

  // Rows of the known texts, through a codec that is calibrated on them.
  Status PassKnown(const RowCodecSpec& spec) {
    std::vector<Passage> texts;
    std::vector<float> sample;
    const size_t length = plan_.prompt_tokens + plan_.generated;
    for (size_t at = 0; at < plan_.known; at += length) {
      texts.push_back(TextAt(at, std::min(length, plan_.known - at)));
      auto rows = model_.RowsOf(texts.back().ids);
      if (!rows) return Forward(rows);
      texts.back().rows = std::move(*rows);
      if (WantsCalibration(spec))
        sample.insert(sample.end(), texts.back().rows.begin(), texts.back().rows.end());
    }
    RowCalibration calibration;
    if (WantsCalibration(spec)) {
      auto measured = Calibrate(spec, {sample, width_});
      if (!measured) return Forward(measured);
      calibration = std::move(*measured);
    }
    auto codec = RowCodec::Make(spec, width_, calibration);
    if (!codec) return Forward(codec);
    codec_.emplace(std::move(*codec));
    for (Passage& text : texts) {
      LeakBytes uncounted;
      if (Status s = Pass(text, 0, text.ids.size(), uncounted); !s) return s;
      if (Status s = Score(text); !s) return s;
      KeepKnown(text);
      if (Status s = Step(); !s) return s;
    }
    return {};
  }

  void KeepKnown(const Passage& text) {
    const auto begin = static_cast<ptrdiff_t>(text.begin), width = static_cast<ptrdiff_t>(width_);
    known_.ids.insert(known_.ids.end(), text.ids.begin() + begin, text.ids.end());
    known_.rows.insert(known_.rows.end(), text.decoded.begin() + begin * width, text.decoded.end());
  }

  // Rows [begin, begin + count) as one message.
  Status Pass(Passage& text, size_t begin, size_t count, LeakBytes& bytes) const {
    const auto message = codec_->Encode(View(text.rows, begin, count), static_cast<Pos>(begin));
    if (!message) return Forward(message);
    const auto decoded = codec_->Decode(*message, count);
    if (!decoded) return Forward(decoded);
    text.decoded.insert(text.decoded.end(), decoded->begin(), decoded->end());
    bytes.rows += count;
    bytes.bytes += message->size();
    return {};
  }

  Status FitReaders() {
    auto embeddings = model_.Embeddings();
    if (!embeddings) return Forward(embeddings);
    const auto ids = std::make_shared<const NearestIds>(std::move(*embeddings), width_);
    nearest_.emplace(RowReader::Plain(ids, known_));
    auto probe = RowReader::Probe(ids, known_);
    if (!probe) return Forward(probe);
    probe_.emplace(std::move(*probe));
    known_ = {};
    report_.metric = nearest_->metric();
    report_.centred = nearest_->centred();
    report_.ridge = probe_->strength();
    return {};
  }

  Status MeasurePrompt(size_t at) {
    Passage text = TextAt(at, plan_.prompt_tokens);
    if (Status s = GoOn(text); !s) return s;
    auto rows = model_.RowsOf(text.ids);
    if (!rows) return Forward(rows);
    text.rows = std::move(*rows);
    if (Status s = Pass(text, 0, text.prompt, report_.prompt); !s) return s;
    for (size_t i = text.prompt; i < text.ids.size(); ++i) {
      if (Status s = Pass(text, i, 1, report_.generated); !s) return s;
    }
    if (Status s = Score(text); !s) return s;
    if (Status s = Step(); !s) return s;
    if (Status s = Attack(text); !s) return s;
    return Step();
  }

  // The model goes on with the prompt itself.
  Status GoOn(Passage& text) {
    Engine& engine = model_.whole();
    const auto seq = engine.Open();
    if (!seq) return Forward(seq);
    const Status status = Generate(text, engine, *seq);
    engine.Close(*seq);
    return status;
  }

  Status Generate(Passage& text, Engine& engine, SeqId seq) const {
    Sampler sampler(plan_.sampling);
    for (size_t at = 0; text.ids.size() < text.prompt + plan_.generated;) {
      const size_t n = std::min(kStepRows, text.ids.size() - at);
      const SeqRows step{seq, static_cast<Pos>(at), std::span<const Token>(text.ids).subspan(at, n), false,
                         1};
      const auto logits = engine.Step({&step, 1});
      if (!logits) return Forward(logits);
      at += n;
      if (at < text.ids.size()) continue;
      const Token next = sampler.Pick((*logits)[0], text.ids);
      if (std::find(text_.ends.begin(), text_.ends.end(), next) != text_.ends.end()) return {};
      text.ids.push_back(next);
    }
    return {};
  }

  void Count(const Passage& text, size_t reading, size_t position, Token read) {
    LeakReading& to = report_.readings[reading];
    Recovered& recovered = position < text.prompt ? to.prompt : to.generated;
    recovered.right += read == text.ids[position];
    recovered.of += 1;
  }

  Status Attack(const Passage& text) {
    const std::vector<Token> near = nearest_->Read(text.decoded, 1), probed = probe_->Read(text.decoded, 1);
    const auto vocab = static_cast<size_t>(model_.shape().vocab_size);
    Reencoding plan;
    plan.per_row = std::min(plan_.candidates, vocab);
    plan.candidates = plan.per_row;
    plan.at_once = std::min(kLeakStep, plan.candidates);
    if (codec_->RowLocal()) plan.codec = &*codec_;
    const RowReader& proposer = probe_->known_share() > nearest_->known_share() ? *probe_ : *nearest_;
    plan.proposals = proposer.Read(text.decoded, plan.per_row);
    const auto known = std::span<const Token>(text.ids).first(text.begin);
    const auto reencoded = Reencode(model_, text.decoded, known, plan);
    if (!reencoded) return Forward(reencoded);
    for (size_t i = text.begin; i < text.ids.size(); ++i) {
      Count(text, 0, i, near[i]);
      Count(text, 1, i, probed[i]);
      Count(text, 2, i, (*reencoded)[i]);
    }
    return {};
  }

  // Losses of the text's prompt with rows as made and as decoded; of a text to attack also the predictions.
  Status Score(const Passage& text) {
    const bool attacked = !report_.readings.empty();
    const auto losses = [&](const std::vector<float>& rows, bool count, double& sum) {
      return model_.LogitsOf(rows, [&](int first, const LogitsView& logits) -> Status {
        for (int i = 0; i < logits.rows(); ++i) {
          const size_t next = static_cast<size_t>(first + i) + 1;
          if (next >= text.ids.size()) break;
          if (next < text.prompt) sum += TokenLoss(logits[i], text.ids[next]);
          const auto best = std::max_element(logits[i].begin(), logits[i].end());
          if (count) Count(text, 3, next, static_cast<Token>(best - logits[i].begin()));
        }
        return {};
      });
    };
    if (Status s = losses(text.rows, false, report_.nll); !s) return s;
    if (Status s = losses(text.decoded, attacked, report_.coded_nll); !s) return s;
    report_.scored += text.prompt - 1;
    if (std::isfinite(report_.nll) && std::isfinite(report_.coded_nll)) return {};
    return Fail(ErrorCode::kModel, "the model's losses are not finite");
  }

  ModelAtCut& model_;
  const LeakText& text_;
  const LeakPlan& plan_;
  const LeakStep& step_;
  const size_t width_;
  std::optional<RowCodec> codec_;
  KnownRows known_;
  std::optional<RowReader> nearest_, probe_;
  LeakReport report_;
};

}  // namespace

size_t LeakSteps(const LeakPlan& plan) {
  return KnownTexts(plan) + 2 * plan.prompts;
}

Result<LeakReport> MeasureLeak(ModelAtCut& model, const RowCodecSpec& spec, const LeakText& text,
                               const LeakPlan& plan, const LeakStep& step) {
  if (Status s = CheckPlan(plan, model.shape(), text); !s) return Forward(s);
  return LeakMeter(model, text, plan, step).Measure(spec);
}

}  // namespace tandem
