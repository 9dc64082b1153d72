// Takes over a cloud's vocabulary, for an edge that has no model: the conversation without I/O. Frames go in,
// frames to send come out; the shell is vocabulary_client.h.
//
//   Hello (without a vocabulary) -> Welcome with an offer: size and digest
//   VocabularyWanted, a few ahead -> VocabularyPart, in order
//
// Nobody need ask for parts: the digest may be known. What a cloud sends is taken only as far as it offered
// and as it was asked for, at most kMaxVocabularyBytes, and counts only when the whole is what the digest
// says. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/frame.h"

namespace tandem {

class VocabularyFetch {
 public:
  static constexpr size_t kAhead =
      4;  // parts asked for and not yet there: a round trip is paid once for them

  // The connection's first frame. software: "tandem 0.1.0".
  static Bytes Hello(const std::string& software);

  // The cloud's next frame. The cloud's own Fault becomes its error; kModel: it hands none over; kProtocol:
  // another version, a frame out of turn or of another size than offered, a digest that does not fit.
  Status OnFrame(ByteView bytes);

  // The cloud's Welcome, once it has come.
  const std::optional<Welcome>& welcome() const { return welcome_; }
  // Its offer; only with a welcome.
  const VocabularyOffer& offer() const { return *welcome_->vocabulary; }

  // After the Welcome, and again after each part: what to send next, if anything.
  std::vector<Bytes> Wanted();

  bool complete() const { return complete_; }
  Bytes Take() { return std::move(file_); }  // once complete

 private:
  Status On(const Welcome& welcome);
  Status On(const VocabularyPart& part);

  std::optional<Welcome> welcome_;
  size_t wanted_ = 0;  // bytes asked for so far
  Bytes file_;
  bool complete_ = false;
};

}  // namespace tandem
