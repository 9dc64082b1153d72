// See vocabulary_fetch.h.
#include "edge/vocabulary_fetch.h"

#include <algorithm>

namespace tandem {

Bytes VocabularyFetch::Hello(const std::string& software) {
  return Encode(tandem::Hello{.software = software, .has_vocab = false});
}

Status VocabularyFetch::OnFrame(ByteView bytes) {
  const Result<Frame> frame = Decode(bytes);
  if (!frame) return Fail(ErrorCode::kProtocol, "the cloud breaks the protocol: {}", frame.error().message);
  if (const auto* fault = std::get_if<Fault>(&*frame)) return Fail(fault->code, "{}", fault->message);
  if (const auto* welcome = std::get_if<Welcome>(&*frame); welcome != nullptr && !welcome_)
    return On(*welcome);
  if (const auto* part = std::get_if<VocabularyPart>(&*frame); part != nullptr && welcome_) return On(*part);
  return Fail(ErrorCode::kProtocol, "the cloud breaks the protocol: {} out of turn", FrameName(*frame));
}

Status VocabularyFetch::On(const Welcome& welcome) {
  if (welcome.version != kProtocolVersion) {
    return Fail(ErrorCode::kProtocol, "the cloud ({}) speaks protocol {}, this edge speaks {}",
                welcome.software, welcome.version, kProtocolVersion);
  }
  if (!welcome.vocabulary) {
    return Fail(ErrorCode::kModel, "the cloud ({}) hands over no vocabulary: a model file must be at hand",
                welcome.software);
  }
  welcome_ = welcome;
  return {};
}

Status VocabularyFetch::On(const VocabularyPart& part) {
  const size_t due = std::min(kMaxVocabularyPart, offer().bytes - file_.size());
  if (file_.size() >= wanted_ || part.offset != file_.size() || part.bytes.size() != due) {
    return Fail(ErrorCode::kProtocol,
                "the cloud sent {} bytes of its vocabulary from {}, {} from {} were due", part.bytes.size(),
                part.offset, file_.size() < wanted_ ? due : 0, file_.size());
  }
  file_.insert(file_.end(), part.bytes.begin(), part.bytes.end());
  if (file_.size() < offer().bytes) return {};
  const Digest digest = Sha256().Update(file_).Finish();
  if (digest != offer().digest) {
    return Fail(ErrorCode::kProtocol, "the cloud's vocabulary of {} bytes has the digest {}, {} was offered",
                file_.size(), Hex(digest).substr(0, 12), Hex(offer().digest).substr(0, 12));
  }
  complete_ = true;
  return {};
}

std::vector<Bytes> VocabularyFetch::Wanted() {
  std::vector<Bytes> frames;
  while (welcome_ && wanted_ < offer().bytes && wanted_ < file_.size() + kAhead * kMaxVocabularyPart) {
    frames.push_back(Encode(VocabularyWanted{.offset = static_cast<uint32_t>(wanted_)}));
    wanted_ += std::min(kMaxVocabularyPart, offer().bytes - wanted_);
  }
  return frames;
}

}  // namespace tandem
