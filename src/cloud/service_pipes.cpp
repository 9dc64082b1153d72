// Sessions over layers in the middle of the model, which only pass rows on; see service.h and row_pipe.h.
#include "cloud/service_state.h"

namespace tandem {

Result<RowCodec> Service::State::CodecOf(const std::string& name, const RowCalibration& calibration) const {
  const auto spec = ParseRowCodec(name);
  if (!spec) return Fail(ErrorCode::kProtocol, "{}", spec.error().message);
  auto codec = RowCodec::Make(*spec, static_cast<size_t>(config.parts->offer.width), calibration);
  if (!codec) return Fail(ErrorCode::kProtocol, "{}", codec.error().message);
  return codec;
}

Result<std::optional<RowCodec>> Service::State::BackOf(const Open& open) const {
  if (!open.cut || !open.cut->HeadAtEdge()) return std::nullopt;
  if (Status s = RowPipe::Check(open); !s) return Forward(s);
  auto codec = CodecOf(open.cut->codec_back, open.cut->calibration_back);
  if (!codec) return Forward(codec);
  if (codec->spec().mix == RowMix::kRatio)
    return Fail(ErrorCode::kProtocol,
                "codec {} for rows back needs their importance, and this cloud measures none",
                open.cut->codec_back);
  return std::optional(std::move(*codec));
}

// The connections that come after the one that was served last come first. A prompt has one block of a step,
// so that nobody waits long beside it.
StepPlan Service::State::PlanPipes(const Station& station) {
  std::vector<ConnId> order;
  for (const auto& [conn, peer] : peers) {
    if (peer.pipe && peer.station.get() == &station && peer.pipe->WantsStep()) order.push_back(conn);
  }
  std::rotate(order.begin(), std::upper_bound(order.begin(), order.end(), last_piped), order.end());
  StepPlan step;
  int left = station.engine.info().max_rows;
  for (const ConnId conn : order) {
    const auto rows = peers.at(conn).pipe->StepRows(std::min<int>(left, kBulkRows));
    if (!rows) break;
    const auto count = static_cast<int>(rows->tokens.size());
    piped.push_back({conn, peers.at(conn).pipe, step.logits});
    step.rows.push_back(*rows);
    step.logits += count;
    left -= count;
    last_piped = conn;
  }
  return step;
}

void Service::State::OnPiped(const std::vector<PipePart>& served, const Result<LogitsView>& rows,
                             Micros now) {
  for (const PipePart& part : served) {
    const auto it = peers.find(part.conn);
    if (it == peers.end() || it->second.pipe != part.pipe) continue;  // ended during the step
    if (!rows) {
      End(part.conn, rows.error());
      continue;
    }
    const auto frames = part.pipe->OnComputed(*rows, part.first, now);
    if (!frames) {
      End(part.conn, frames.error());
      continue;
    }
    for (const Frame& frame : *frames) Send(part.conn, frame);
  }
}

}  // namespace tandem
