// The edge's end of a cut model: follows a text with the first layers and turns its ids into rows of
// activations on their way to the cloud. What it has computed and sent is a cache of the ids: a lost link or
// another cut costs time only.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/row_messages.h"
#include "decode/engine.h"
#include "edge/chunk_importance.h"
#include "edge/drafter.h"
#include "wire/frame.h"

namespace tandem {

// One thread at a time.
class SplitFront {
 public:
  // engine: the model's embedding and layers [0, begin), without the head; it must outlive this. codec: of
  // its width. layers: of the whole model. importance: of a prompt's rows, where the codec's compete (mix,
  // water) and rows of a prompt leave at all (begin < layers).
  SplitFront(Engine& engine, RowCodec codec, int begin, int layers,
             std::optional<ChunkImportance> importance = std::nullopt);

  using Sink = std::function<void(Bytes frame)>;

  // A frame of the loop's, whose text is `text`, on its way out. Behind an Open follow the rows of all of the
  // text but its last id, a frame a chunk, each as soon as it is computed. Drafts, which continue the text or
  // drafts given before, leave as the rows that the cloud lacks up to the last of them. Everything else
  // leaves as it is. Where the head is here as well (Open.cut says so) no id leaves at all: Open goes without
  // ids and sampling, rows go without drafts. Errors as Engine::Step's and RowCodec::Encode's.
  Status Pass(Bytes frame, std::span<const Token> text, const Sink& sink);

  // Rows that the last Pass computed.
  int computed() const { return computed_; }

 private:
  Status Begin(const Open& open, std::span<const Token> text, const Sink& sink);
  Status Continue(const Drafts& drafts, std::span<const Token> text, const Sink& sink);
  Status Advance(const Drafts* drafts, uint32_t epoch, const Sink& sink);
  bool Weighs() const { return importance_ && importance_->end() < prompt_; }  // the rows that come next
  Result<LogitsView> Step(const SeqRows& rows);
  Result<std::vector<RowMessage>> Code(const LogitsView& out, Pos first, Pos wanted, bool weighed) const;
  void Leave(std::vector<RowMessage> messages, const Drafts* drafts, uint32_t epoch, const Sink& sink);

  Engine& engine_;
  std::optional<ChunkImportance> importance_;
  RowMessages messages_;
  bool whole_;              // all layers are here: only rows that are judged leave
  bool head_here_ = false;  // of the session
  std::optional<Drafter> follower_;
  std::vector<Token> branch_;  // ids whose rows are wanted, or sent
  int computed_ = 0;           // rows, by the last Pass
  Pos sent_ = 0;               // positions below it are with the cloud
  Pos prompt_ = 0;             // position of the last prompt's last id: the same in every session of a text
};

}  // namespace tandem
