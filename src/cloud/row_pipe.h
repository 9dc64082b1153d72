// One text on a cloud that computes layers in the middle of its model: rows of activations come in, those
// behind the layers go back, all of them and in order. The edge has embedding, first and last layers and the
// head, so that no id, draft, verdict or sampling parameter is known here.
//
//  - Rows come in order without gaps; what comes twice is dropped.
//  - A higher epoch replaces: rows from the frame's first position on are those of another branch. Rows of an
//    older epoch are dropped unread, and rows of a dead branch are not sent back: an edge that goes back to a
//    position has had everything before it.
//  - Blocks that a prompt's spans put into bulk (decode/prefill.h) wait until they are whole, and cannot be
//    replaced in part.
//  - Rows back are coded by blocks of 64 where the kernel's are, by single rows elsewhere, when the codec's
//    rows share something: so it never shows in the text how they were grouped on their way.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cloud/cached_text.h"
#include "codec/row_buffer.h"
#include "codec/row_messages.h"
#include "decode/engine.h"
#include "wire/frame.h"

namespace tandem {

class RowPipe {
 public:
  // open: has passed Session::Check. kProtocol for what an edge that has the head does not say: ids.
  static Status Check(const Open& open);

  // open has passed Check; the lease's sequence is empty. rows: the empty buffer behind the codec of rows
  // that come, back: the codec of those that go.
  RowPipe(std::unique_ptr<SequenceLease> lease, const Open& open, RowBuffer rows, RowCodec back, Micros now);

  // kProtocol or kContext with the figures: the session must end.
  Status OnRows(const HiddenRows& rows, Micros now);

  bool WantsStep() const;
  // Rows for the step now planned, at most `budget`; nullopt when it wants none or the budget is too small.
  // They live in the pipe until OnComputed.
  std::optional<SeqRows> StepRows(int budget);
  // The planned rows were computed; `first` is the first of them in `rows`. Returns what to tell the edge.
  // kModel when a row cannot be coded.
  Result<std::vector<Frame>> OnComputed(const LogitsView& rows, int first, Micros now);
  // Opened, once, when all rows of Open's text but the last have gone back.
  std::optional<Frame> TakeOpened(Micros now);

  Pos positions() const;                                             // that its cache takes, or will
  size_t RowBytes() const { return rows_in_.MostBytes(TextEnd()); }  // that rows which wait may take
  Micros last_active() const { return last_active_; }

 private:
  Pos TextEnd() const;
  Status GoBack(uint32_t epoch, Pos first);
  Status Rewind();
  Micros ArrivalOf(Pos end, Micros now) const;
  Result<std::vector<Frame>> Code(const LogitsView& rows, int first, Micros now) const;

  std::unique_ptr<SequenceLease> lease_;
  std::vector<PromptSpan> spans_;
  RowBuffer rows_in_;
  RowMessages back_;
  Pos opened_length_;
  uint32_t epoch_;
  Pos cached_ = 0;
  std::optional<Pos> back_to_{};  // where the sequence has to be cut, once no step is under way
  // Where the rows of a frame end, and when it arrived.
  std::deque<std::pair<Pos, Micros>> arrivals_{};

  bool stepping_ = false;
  std::vector<Token> places_;  // of the step under way: as many as it has rows
  std::vector<float> hidden_;  // its rows
  bool bulk_ = false;
  uint32_t step_epoch_ = 0;

  bool opened_ = false;
  Micros open_at_;
  Micros last_active_;
};

}  // namespace tandem
