// What a prompt's rows are worth while they leave: a matter of their own chunk, the same whenever it is sent.
#include "edge/chunk_importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decode/fake_engine.h"
#include "edge/split_front.h"

namespace tandem {
namespace {

using testing::HasSubstr;

std::vector<Token> Ids(Pos count) {
  std::vector<Token> ids;
  for (Pos at = 0; at < count; ++at) ids.push_back(1 + at * 7 % 60);
  return ids;
}

ImportanceSpec Method(const char* name) {
  return ParseImportance(name).value();
}

// Rows [first, end) of Ids, as one chunk.
Status Compute(ChunkImportance& importance, Engine& engine, SeqId seq, Pos first, Pos end) {
  const std::vector<Token> ids = Ids(end);
  const SeqRows rows{
      .seq = seq, .first = first, .tokens = std::span(ids).subspan(static_cast<size_t>(first))};
  const auto out = importance.Step(engine, rows);
  return out ? Status() : Status(Forward(out));
}

std::vector<float> Shares(std::vector<float> figures) {
  float sum = 0;
  for (const float figure : figures) sum += figure;
  for (float& figure : figures) figure /= sum;
  return figures;
}

// A probe of the whole text sees of a later chunk's rows what that chunk's queries saw, for no other did.
TEST(ChunkImportance, IsWhatTheChunksOwnQueriesSee) {
  for (const char* method : {"regular_importance", "last_row", "aggregate_till"}) {
    FakeEngine engine{{.output_width = 1}}, whole_engine{{.output_width = 1}};
    const SeqId seq = engine.Open().value(), whole_seq = whole_engine.Open().value();
    ChunkImportance chunked(Method(method), 3), whole(Method(method), 3);
    ASSERT_TRUE(Compute(whole, whole_engine, whole_seq, 0, 90));
    const std::vector<float> all = whole.OfChunk().value();
    ASSERT_EQ(all.size(), 90u);
    ASSERT_TRUE(Compute(chunked, engine, seq, 0, 64));
    EXPECT_EQ(chunked.OfChunk()->size(), 64u);
    ASSERT_TRUE(Compute(chunked, engine, seq, 64, 90));
    EXPECT_EQ(chunked.end(), 90);
    const std::vector<float> last = Shares(chunked.OfChunk().value()),
                             expected = Shares({all.end() - 26, all.end()});
    ASSERT_EQ(last.size(), 26u);
    for (size_t row = 0; row < last.size(); ++row) EXPECT_FLOAT_EQ(last[row], expected[row]) << method;
    EXPECT_NE(*std::min_element(last.begin(), last.end()), *std::max_element(last.begin(), last.end()));
  }
}

TEST(ChunkImportance, BeginsAnew) {
  FakeEngine engine{{.output_width = 1}};
  ChunkImportance importance(Method("maximum aggregation"), 2);
  ASSERT_TRUE(Compute(importance, engine, engine.Open().value(), 0, 20));
  const std::vector<float> once = importance.OfChunk().value();
  const SeqId again = engine.Open().value();
  EXPECT_THAT(Compute(importance, engine, again, 0, 20).error().message, HasSubstr("20 rows cannot go on"));
  importance.Begin();
  EXPECT_EQ(importance.end(), 0);
  ASSERT_TRUE(Compute(importance, engine, again, 0, 20));
  EXPECT_EQ(importance.OfChunk().value(), once);
}

TEST(ChunkImportance, RandomNeedsNoAttention) {
  FakeEngine engine{{.output_width = 1}};
  const SeqId seq = engine.Open().value();
  ChunkImportance importance(Method("random"), 0);
  ASSERT_TRUE(Compute(importance, engine, seq, 0, 8));
  const std::vector<float> first = importance.OfChunk().value();
  ASSERT_TRUE(Compute(importance, engine, seq, 8, 16));
  EXPECT_NE(importance.OfChunk().value(), first) << "another chunk, other rows";
}

class Blind final : public Engine {
 public:
  const EngineInfo& info() const override { return fake_.info(); }
  Result<SeqId> Open() override { return fake_.Open(); }
  Result<LogitsView> Step(std::span<const SeqRows> batch) override { return fake_.Step(batch); }
  Status Truncate(SeqId seq, Pos length) override { return fake_.Truncate(seq, length); }
  Status Copy(SeqId from, Pos length, SeqId to) override { return fake_.Copy(from, length, to); }
  Pos Length(SeqId seq) const override { return fake_.Length(seq); }
  void Close(SeqId seq) override { fake_.Close(seq); }

 private:
  FakeEngine fake_{{.output_width = 1}};
};

TEST(ChunkImportance, SaysSoWhenAnEngineShowsNoAttention) {
  Blind engine;
  ChunkImportance importance(Method("last_row"), 1);
  EXPECT_THAT(Compute(importance, engine, engine.Open().value(), 0, 5).error().message,
              HasSubstr("no attention"));
}

// What leaves for a session over `text`, in which these came as prompts.
std::vector<HiddenRows> Leaving(SplitFront& front, const std::vector<PromptSpan>& spans,
                                const std::vector<Token>& text) {
  Open open{.ids = {text.back()}, .spans = spans, .sampling = {}};
  open.cut = {.begin = 2, .end = 4, .codec = "mix:int8:f32:0.5", .untold = static_cast<Pos>(text.size()) - 1};
  std::vector<HiddenRows> rows;
  EXPECT_TRUE(front.Pass(Encode(open), text, [&](Bytes bytes) {
    const Frame frame = Decode(bytes).value();
    if (const auto* of = std::get_if<HiddenRows>(&frame)) rows.push_back(*of);
  }));
  return rows;
}

class WeighingFront : public testing::Test {
 protected:
  static RowCodec Mix() { return RowCodec::Make(ParseRowCodec("mix:int8:f32:0.5").value(), 1).value(); }

  FakeEngine engine_{{.output_width = 1}};
  SplitFront front_{engine_, Mix(), 2, 4, ChunkImportance(Method("regular_importance"), 2)};
};

// Rows wait for no query that comes later, and none that came later has a say when all is sent again.
TEST_F(WeighingFront, CodesAPromptAlikeInEverySession) {
  for (const Pos prompt : {2, 40, 65, 100}) {
    SplitFront front(engine_, Mix(), 2, 4, ChunkImportance(Method("regular_importance"), 2));
    const std::vector<HiddenRows> first = Leaving(front, {{0, prompt}}, Ids(prompt));
    ASSERT_EQ(first.size(), prompt > 65 ? 2u : 1u);
    const std::vector<HiddenRows> again = Leaving(front, {{0, prompt}}, Ids(prompt + 30));
    ASSERT_EQ(again.size(), first.size() + 30);
    for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(again[i], first[i]) << prompt << ", frame " << i;
    // One row: its format, the better one, and 4 bytes.
    for (size_t i = first.size(); i < again.size(); ++i) EXPECT_EQ(again[i].block.size(), 6u);
  }
}

// A chat goes on, and begins anew.
TEST_F(WeighingFront, CodesATextAlikeWhateverWasWrittenBefore) {
  const std::vector<PromptSpan> first = {{0, 70}}, second = {{0, 70}, {100, 250}}, other = {{0, 40}};
  Leaving(front_, first, Ids(70));
  const std::vector<HiddenRows> longer = Leaving(front_, second, Ids(250));
  EXPECT_EQ(longer.size(), 4u) << "three blocks and a rest";
  const std::vector<HiddenRows> rebuilt = Leaving(front_, second, Ids(260));
  ASSERT_EQ(rebuilt.size(), 4 + 10u);
  EXPECT_TRUE(std::equal(longer.begin(), longer.end(), rebuilt.begin()));
  const std::vector<HiddenRows> shorter = Leaving(front_, other, Ids(40)),
                                more = Leaving(front_, other, Ids(50));
  ASSERT_EQ(shorter.size(), 1u);
  ASSERT_EQ(more.size(), 11u);
  EXPECT_EQ(more[0], shorter[0]);
}

TEST_F(WeighingFront, HalfOfAChunksRowsAreCodedCoarsely) {
  const std::vector<HiddenRows> rows = Leaving(front_, {{0, 129}}, Ids(129));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].block.size(), 1 + 8 + 32 * 3 + 32 * 4u);
  const auto formats = [](const HiddenRows& of) { return Bytes(of.block.begin() + 1, of.block.begin() + 9); };
  EXPECT_NE(formats(rows[0]), formats(rows[1]));
}

}  // namespace
}  // namespace tandem
