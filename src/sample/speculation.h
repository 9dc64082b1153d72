// For tests: edge and cloud of one text in a World (text_law.h), as far as the law of the text is concerned:
// drafting, judging, and the text growing. Judges are functions, so that wrong ones take the place of ours.
#pragma once

#include <functional>

#include "sample/text_law.h"

namespace tandem {

// Whether one more id is drafted; asked before each, with the text and what was drafted beyond it.
using Length = std::function<bool(const Text& text, const Text& drafted)>;

inline Length Fixed(size_t g) {
  return [g](const Text&, const Text& drafted) { return drafted.size() < g; };
}

struct Drafted {
  BlockKey key;
  Text ids;
  std::vector<SparseDraft> laws;
};

inline Text Joined(Text text, const Text& more) {
  text.insert(text.end(), more.begin(), more.end());
  return text;
}

// The edge's block after `text`, the branch of its epoch.
inline Drafted DraftBlockAt(World& world, const Text& text, uint32_t epoch, const Length& more,
                            Draws& draws) {
  Drafted block{.key = {.base = static_cast<Pos>(text.size()), .epoch = epoch}, .ids = {}, .laws = {}};
  while (more(text, block.ids)) {
    const Text before = Joined(text, block.ids);
    block.laws.push_back(world.Draft(before));
    const Pos position = static_cast<Pos>(before.size());
    block.ids.push_back(DrawDraft(block.laws.back(), block.key, position, draws));
  }
  return block;
}

// What follows a drafted block.
using Judging = std::function<Ruling(World&, const Text&, const Drafted&, bool bonus, Draws&)>;

inline Judging By(Rule rule) {
  return [rule](World& world, const Text& text, const Drafted& block, bool bonus, Draws& draws) {
    WorldLaws laws(world, text, block.ids);
    return Judge(rule, {.key = block.key, .ids = block.ids, .laws = block.laws, .bonus = bonus}, laws, draws);
  };
}

// The text grows by what stands and by the token. True when all of the block stood and no token came.
inline bool Commit(Text& text, const Drafted& block, const Ruling& ruling) {
  text.insert(text.end(), block.ids.begin(), block.ids.begin() + ruling.accepted);
  if (ruling.token == kNoToken) return true;
  text.push_back(ruling.token);
  return false;
}

// One block drafted, sent, judged with a bonus, taken: stop and wait.
inline void Round(World& world, const Judging& judge, const Length& more, Text& text, Draws& draws) {
  const Drafted block = DraftBlockAt(world, text, 0, more, draws);
  Commit(text, block, judge(world, text, block, true, draws));
}

}  // namespace tandem
