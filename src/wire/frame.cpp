// Kind bytes and the way from a frame to its body and back, see frame.h and docs/protocol.md.
#include "wire/frame.h"

#include "wire/frame_body.h"

namespace tandem {
namespace {

struct KindOf {
  FrameKind operator()(const Hello&) const { return FrameKind::kHello; }
  FrameKind operator()(const Welcome&) const { return FrameKind::kWelcome; }
  FrameKind operator()(const Open&) const { return FrameKind::kOpen; }
  FrameKind operator()(const Opened&) const { return FrameKind::kOpened; }
  FrameKind operator()(const Drafts&) const { return FrameKind::kDrafts; }
  FrameKind operator()(const Verdict&) const { return FrameKind::kVerdict; }
  FrameKind operator()(const Credit&) const { return FrameKind::kCredit; }
  FrameKind operator()(const Fault&) const { return FrameKind::kFault; }
  FrameKind operator()(const Close&) const { return FrameKind::kClose; }
  FrameKind operator()(const Costs&) const { return FrameKind::kCosts; }
  FrameKind operator()(const CodedDrafts&) const { return FrameKind::kCodedDrafts; }
  FrameKind operator()(const VocabularyWanted&) const { return FrameKind::kVocabularyWanted; }
  FrameKind operator()(const VocabularyPart&) const { return FrameKind::kVocabularyPart; }
  FrameKind operator()(const HiddenRows&) const { return FrameKind::kHiddenRows; }
  FrameKind operator()(const HiddenBack&) const { return FrameKind::kHiddenBack; }
};

}  // namespace

Bytes Encode(const Frame& frame) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(std::visit(KindOf{}, frame)));
  std::visit([&out](const auto& body) { WriteBody(body, out); }, frame);
  return out.Take();
}

Result<Frame> Decode(ByteView bytes) {
  if (bytes.empty()) return Fail(ErrorCode::kProtocol, "an empty frame");
  if (bytes.size() > kMaxFrameBytes) {
    return Fail(ErrorCode::kProtocol, "a frame of {} bytes, the limit is {}", bytes.size(), kMaxFrameBytes);
  }
  const ByteView body = bytes.subspan(1);
  switch (static_cast<FrameKind>(bytes[0])) {
    case FrameKind::kHello:
      return ReadHello(body);
    case FrameKind::kWelcome:
      return ReadWelcome(body);
    case FrameKind::kOpen:
      return ReadOpen(body);
    case FrameKind::kOpened:
      return ReadOpened(body);
    case FrameKind::kDrafts:
      return ReadDrafts(body);
    case FrameKind::kVerdict:
      return ReadVerdict(body);
    case FrameKind::kCredit:
      return ReadCredit(body);
    case FrameKind::kFault:
      return ReadFault(body);
    case FrameKind::kClose:
      return ReadClose(body);
    case FrameKind::kCosts:
      return ReadCosts(body);
    case FrameKind::kCodedDrafts:
      return ReadCodedDrafts(body);
    case FrameKind::kVocabularyWanted:
      return ReadVocabularyWanted(body);
    case FrameKind::kVocabularyPart:
      return ReadVocabularyPart(body);
    case FrameKind::kHiddenRows:
      return ReadHiddenRows(body);
    case FrameKind::kHiddenBack:
      return ReadHiddenBack(body);
  }
  return Fail(ErrorCode::kProtocol, "a frame of unknown kind {}", bytes[0]);
}

const char* FrameName(const Frame& frame) {
  switch (std::visit(KindOf{}, frame)) {
    case FrameKind::kHello:
      return "Hello";
    case FrameKind::kWelcome:
      return "Welcome";
    case FrameKind::kOpen:
      return "Open";
    case FrameKind::kOpened:
      return "Opened";
    case FrameKind::kDrafts:
      return "Drafts";
    case FrameKind::kVerdict:
      return "Verdict";
    case FrameKind::kCredit:
      return "Credit";
    case FrameKind::kFault:
      return "Fault";
    case FrameKind::kClose:
      return "Close";
    case FrameKind::kCosts:
      return "Costs";
    case FrameKind::kCodedDrafts:
      return "CodedDrafts";
    case FrameKind::kVocabularyWanted:
      return "VocabularyWanted";
    case FrameKind::kVocabularyPart:
      return "VocabularyPart";
    case FrameKind::kHiddenRows:
      return "HiddenRows";
    case FrameKind::kHiddenBack:
      return "HiddenBack";
  }
  return "unknown";
}

}  // namespace tandem
