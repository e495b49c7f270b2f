#include "crypto/bcrypt_pbkdf.h"

#include "crypto/blowfish.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::crypto {
namespace {

using age::FailureOf;
using age::FromHex;
using std::string_view_literals::operator""sv;

struct Vector {
  std::string_view passphrase;
  std::string_view salt;
  uint32_t rounds;
  std::string_view key;
};

TEST(BcryptPbkdf, GivesThePublishedKeys) {
  // OpenBSD's regress/lib/libutil/bcrypt_pbkdf.
  const Vector vectors[] = {
      {"password", "salt", 4, "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9"},
      {"password", "\0"sv, 4, "c12b566235eee04c212598970a579a67"},
      {"\0"sv, "salt", 4, "6051be18c2f4f82cbf0efee5471b4bb9"},
      {"password\0"sv, "salt\0"sv, 4,
       "7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050"},
      {"pass\0wor"sv, "sa\0l"sv, 4, "c2bffd9db38f6569efef4372f4de83c0"},
      {"pass\0word"sv, "sa\0lt"sv, 4, "4ba4ac3925c0e8d7f0cdb6bb1684a56f"},
      {"password", "salt", 8,
       "e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec7"
       "6227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d"},
      {"password", "salt", 42, "833cf0dcf56db65608e8f0dc0ce882bd"},
  };
  for (const Vector& vector : vectors) {
    const Bytes expected = FromHex(vector.key);
    const auto key = BcryptPbkdf(AsBytes(vector.passphrase), AsBytes(vector.salt), vector.rounds,
                                 expected.size());
    ASSERT_TRUE(key);
    EXPECT_TRUE(std::ranges::equal(key->Expose(), expected)) << vector.key;
  }
}

TEST(BcryptPbkdf, RefusesToWorkOnNothing) {
  const ByteView some = AsBytes("some");
  EXPECT_EQ(FailureOf(BcryptPbkdf({}, some, 1, 32)), Code::kInvalid);
  EXPECT_EQ(FailureOf(BcryptPbkdf(some, {}, 1, 32)), Code::kInvalid);
  EXPECT_EQ(FailureOf(BcryptPbkdf(some, some, 0, 32)), Code::kInvalid);
  EXPECT_EQ(FailureOf(BcryptPbkdf(some, some, 1, 0)), Code::kInvalid);
  EXPECT_EQ(FailureOf(BcryptPbkdf(some, some, 1, kMostBcryptBytes + 1)), Code::kInvalid);
}

TEST(BcryptPbkdf, GivesEveryByteOfAnOddLength) {
  const auto key = BcryptPbkdf(AsBytes("password"), AsBytes("salt"), 1, 33).value();
  EXPECT_EQ(key.size(), 33U);
  EXPECT_NE(key.Expose().back(), std::byte{0});
}

TEST(Blowfish, EncryptsAsPublished) {
  // The first of Schneier's vectors: a key of zeros, and of zeros a block. A key of 64 bytes gives
  // the same subkeys as one of 8 that repeats in it.
  const std::array<uint32_t, Blowfish::kInputWords> zeros{};
  Blowfish blowfish;
  blowfish.Reset();
  blowfish.Expand(zeros);
  uint32_t left = 0;
  uint32_t right = 0;
  blowfish.Encrypt(left, right);
  EXPECT_EQ(left, 0x4ef99745U);
  EXPECT_EQ(right, 0x6198dd78U);
}

}  // namespace
}  // namespace secretfs::crypto
