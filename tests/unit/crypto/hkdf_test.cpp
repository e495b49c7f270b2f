#include "crypto/hkdf.h"

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::crypto {
namespace {

using age::FromHex;
using age::ToBytes;

/// Bytes first, first + 1, ... (as the RFC's test case 2 counts).
Bytes Counting(int first, int size) {
  Bytes bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(first + i));
  return bytes;
}

Bytes Derive(const Bytes& key_material, const Bytes& salt, const Bytes& info, size_t size) {
  const auto derived = HkdfSha256(key_material, salt, info, size).value();
  return {derived.Expose().begin(), derived.Expose().end()};
}

TEST(Hkdf, GivesRfc5869TestCase1) {
  EXPECT_EQ(Derive(Bytes(22, std::byte{0x0b}), Counting(0, 13), Counting(0xf0, 10), 42),
            FromHex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                    "34007208d5b887185865"));
}

TEST(Hkdf, GivesRfc5869TestCase2) {
  EXPECT_EQ(Derive(Counting(0, 80), Counting(0x60, 80), Counting(0xb0, 80), 82),
            FromHex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                    "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                    "cc30c58179ec3e87c14c01d5c1f3434f1d87"));
}

TEST(Hkdf, GivesRfc5869TestCase3WithoutSaltAndInfo) {
  EXPECT_EQ(Derive(Bytes(22, std::byte{0x0b}), {}, {}, 42),
            FromHex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                    "9d201395faa4b61a96c8"));
}

TEST(Hmac, GivesRfc4231TestCase2) {
  Sha256Digest digest;
  HmacSha256(ToBytes("Jefe"), {ToBytes("what do ya want "), {}, ToBytes("for nothing?")}, digest);
  EXPECT_EQ(Bytes(digest.begin(), digest.end()),
            FromHex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

TEST(Sha256, GivesTheDigestOfAbc) {
  const auto digest = Sha256(AsBytes("abc"));
  EXPECT_EQ(Bytes(digest.begin(), digest.end()),
            FromHex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

}  // namespace
}  // namespace secretfs::crypto
