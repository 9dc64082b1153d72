// The other end of a cut model where the head is the edge's, too: takes the rows that the cloud sends back,
// follows them with the last layers and the head, and judges drafts here. The loop sees what it sees of any
// cloud: Verdicts, by the rules of cloud/session.h without credit. Rows and caches are a cache of the ids.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/row_buffer.h"
#include "decode/engine.h"
#include "sample/warp.h"
#include "wire/frame.h"

namespace tandem {

// One thread at a time.
class SplitBack {
 public:
  // engine: the model's last layers, at least one, and the head; it must outlive this. codec: of the rows
  // that come back, of the engine's width.
  SplitBack(Engine& engine, RowCodec codec);
  ~SplitBack();
  SplitBack(const SplitBack&) = delete;
  SplitBack& operator=(const SplitBack&) = delete;

  // A frame of the loop's on its way out, with all that the loop says: an Open begins a session, Drafts are
  // what will be judged. Errors as Engine::Open's and Truncate's.
  Status Leaves(const Frame& frame);
  // The cloud's rows. Rows of a prompt are computed at once. kProtocol when they are none, or none that can
  // be expected; else as Engine::Step.
  Status Take(const HiddenBack& rows);
  // What the rows that are here say of the text, once the loop waits for it; nullopt until then. The loop
  // must hear of a verdict before this is asked again. text: the loop's. Errors as Engine::Step's, and
  // kInternal for logits that choose no token.
  Result<std::optional<Verdict>> Next(std::span<const Token> text);

 private:
  Status Begin(const Open& open);
  Status Prefill();
  Result<LogitsView> Step(Pos end, bool bulk, int logits);
  Result<Verdict> Judge(const LogitsView& logits, std::span<const Token> text, std::span<const Token> drafts);
  Status Settle(const Verdict& verdict);

  Engine& engine_;
  RowCodec codec_;
  std::optional<SeqId> seq_;
  std::optional<RowBuffer> rows_;  // of the session
  std::vector<PromptSpan> spans_;
  std::optional<Warper> warper_;
  uint32_t epoch_ = 0;
  Pos prompt_ = 0;  // Open's text without its last id: computed before anything is judged
  Pos cached_ = 0;
  uint64_t server_us_ = 0;       // of the last rows
  std::vector<Token> waiting_;   // drafts behind the text
  bool asked_ = false;           // a token is wanted without drafts
  std::vector<Token> places_{};  // as many as a step has rows
  std::vector<float> hidden_;    // their rows
};

}  // namespace tandem
