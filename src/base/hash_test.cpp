// Tests of hash.
#include "base/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem {
namespace {

std::string Sha(std::string_view text) {
  return Hex(Sha256().Update(text).Finish());
}

// Messages of FIPS 180-4's examples (NIST, "SHA256").
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(Sha(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

RC_GTEST_PROP(Sha256, PiecesHashAsTheWhole, (Bytes bytes)) {
  const auto cut = *rc::gen::inRange<size_t>(0, bytes.size() + 1);
  const ByteView view(bytes);
  Sha256 pieces;
  pieces.Update(view.first(cut)).Update(view.subspan(cut));
  RC_ASSERT(pieces.Finish() == Sha256().Update(view).Finish());
}

TEST(Sha256, BytesAndTextAreOneThing) {
  const Bytes bytes{'a', 'b', 'c'};
  EXPECT_EQ(Hex(Sha256().Update(ByteView(bytes)).Finish()), Sha("abc"));
}

TEST(Sha256, HexIsTwoLowerCaseDigitsAByte) {
  Digest digest{};
  digest[0] = 0x0A;
  digest[31] = 0xF0;
  const std::string text = Hex(digest);
  EXPECT_EQ(text.size(), 64u);
  EXPECT_EQ(text.substr(0, 4), "0a00");
  EXPECT_EQ(text.substr(60), "00f0");
}

}  // namespace
}  // namespace tandem
