#include "crypto/hmac.h"

#include <gtest/gtest.h>

#include <string>

namespace secretfs::crypto {
namespace {

std::string Hex(const Result<SecretBytes>& bytes) {
  std::string hex;
  for (const std::byte byte : bytes.value().Expose()) {
    const auto value = std::to_integer<unsigned>(byte);
    hex += "0123456789abcdef"[value >> 4U];
    hex += "0123456789abcdef"[value & 15U];
  }
  return hex;
}

// RFC 2202 and RFC 4231, test case 2.
TEST(Hmac, GivesThePublishedResults) {
  const auto key = AsBytes("Jefe");
  const auto message = AsBytes("what do ya want for nothing?");
  EXPECT_EQ(Hex(Hmac(Hash::kSha1, key, message)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(Hex(Hmac(Hash::kSha256, key, message)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(Hmac(Hash::kSha512, key, message)),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(Hmac, TakesAnEmptyKeyAndMessage) {
  EXPECT_EQ(Hex(Hmac(Hash::kSha1, {}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

}  // namespace
}  // namespace secretfs::crypto
