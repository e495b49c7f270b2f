#include "crypto/sealed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "crypto/random.h"

namespace secretfs::crypto {
namespace {

class SealedTest : public testing::Test {
 protected:
  [[nodiscard]] Bytes SealText(std::string_view text, std::string_view meant_for = "host") const {
    return Seal(key_.Expose(), AsBytes(meant_for), AsBytes(text)).value();
  }
  [[nodiscard]] Result<SecretBytes> OpenIt(ByteView sealed,
                                           std::string_view meant_for = "host") const {
    return Open(key_.Expose(), AsBytes(meant_for), sealed);
  }
  const SecretBytes key_ = RandomSecret(kSealedKeyBytes).value();
};

TEST_F(SealedTest, OpensWhatWasSealed) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
    const Bytes sealed = SealText(text);
    EXPECT_EQ(sealed.size(), text.size() + kSealedOverhead);
    const auto opened = OpenIt(sealed);
    ASSERT_TRUE(opened);
    EXPECT_EQ(AsText(opened->Expose()), text);
  }
}

TEST_F(SealedTest, TwiceTheSameLooksDifferent) { EXPECT_NE(SealText("x"), SealText("x")); }

TEST_F(SealedTest, NothingOfTheTextIsInIt) {
  const Bytes sealed = SealText("a secret of some length");
  EXPECT_EQ(AsText(sealed).find("secret of"), std::string_view::npos);
}

TEST_F(SealedTest, RefusesEveryChangedBit) {
  const Bytes sealed = SealText("secret");
  for (size_t at = 0; at < sealed.size(); ++at) {
    Bytes changed = sealed;
    changed[at] ^= std::byte{1};
    EXPECT_FALSE(OpenIt(changed)) << at;
  }
}

TEST_F(SealedTest, RefusesEveryCutAndWhatIsLonger) {
  Bytes sealed = SealText("secret");
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(OpenIt(ByteView(sealed).first(size))) << size;
  }
  sealed.push_back(std::byte{0});
  EXPECT_FALSE(OpenIt(sealed));
}

TEST_F(SealedTest, RefusesAnotherKeyAndAnotherMeaning) {
  const Bytes sealed = SealText("secret");
  EXPECT_EQ(OpenIt(sealed, "another host").error().code, Code::kMac);
  const SecretBytes other = RandomSecret(kSealedKeyBytes).value();
  EXPECT_EQ(Open(other.Expose(), AsBytes("host"), sealed).error().code, Code::kMac);
}

TEST_F(SealedTest, TellsAnotherFormat) {
  Bytes sealed = SealText("secret");
  sealed[16] = std::byte{'2'};  // the version
  EXPECT_EQ(OpenIt(sealed).error().code, Code::kInvalid);
}

TEST(Sealed, OpensWhatAnEarlierVersionWrote) {
  constexpr std::string_view kHex =
      "7365637265746673207365616c656420310a6465666768696a6b6c6d6e6f70717273747576777879"
      "7a7b1b1c95d49a40e6e2bb04552106e6f1d113d426e5d636";
  Bytes sealed;
  for (size_t i = 0; i < kHex.size(); i += 2) {
    sealed.push_back(
        static_cast<std::byte>(std::stoi(std::string(kHex.substr(i, 2)), nullptr, 16)));
  }
  Bytes key(kSealedKeyBytes);
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  const auto opened = Open(key, AsBytes("host"), sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(AsText(opened->Expose()), "golden");
}

}  // namespace
}  // namespace secretfs::crypto
