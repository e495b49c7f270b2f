#include "crypto/hpke.h"

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::crypto {
namespace {

using age::FailureOf;
using age::FromHex;
using age::Secret;
using age::ToText;

// RFC 9180, appendix A.2.1: base mode with DHKEM(X25519, HKDF-SHA256).
constexpr uint16_t kKemId = 0x0020;
constexpr std::string_view kSharedSecret =
    "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7";

HpkeKey KeyFor(uint16_t kem_id, std::string_view info) {
  const auto shared_secret = SecretBytes::CopyOf(FromHex(kSharedSecret)).value();
  return HpkeKeySchedule(kem_id, shared_secret, info).value();
}
HpkeKey TestKey() { return KeyFor(kKemId, "Ode on a Grecian Urn"); }

bool SameBytes(const SecretBytes& secret, std::string_view hex) {
  return ConstantTimeEqual(secret.Expose(), FromHex(hex));
}

TEST(Hpke, DerivesTheKeyOfTheRfc) {
  const HpkeKey key = TestKey();
  EXPECT_TRUE(
      SameBytes(key.key, "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91"));
  EXPECT_TRUE(SameBytes(key.base_nonce, "5c4d98150661b848853b547f"));
}

TEST(Hpke, BindsTheKeyToKemAndInfo) {
  const Bytes sealed = HpkeSeal(TestKey(), Secret("text"));
  EXPECT_EQ(FailureOf(HpkeOpen(KeyFor(kKemId + 1, "Ode on a Grecian Urn"), sealed)),
            Code::kNoMatch);
  EXPECT_EQ(FailureOf(HpkeOpen(KeyFor(kKemId, "Ode on a Grecian Vase"), sealed)), Code::kNoMatch);
}

TEST(Hpke, OpensWhatItSealed) {
  for (const char* text : {"", "text"}) {
    EXPECT_EQ(ToText(HpkeOpen(TestKey(), HpkeSeal(TestKey(), Secret(text))).value()), text);
  }
}

TEST(Hpke, RejectsWhatWasAltered) {
  const Bytes sealed = HpkeSeal(TestKey(), Secret("text"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] ^= std::byte{1};
    EXPECT_EQ(FailureOf(HpkeOpen(TestKey(), altered)), Code::kNoMatch) << i;
    EXPECT_EQ(FailureOf(HpkeOpen(TestKey(), ByteView(sealed).first(i))), Code::kNoMatch) << i;
  }
}

}  // namespace
}  // namespace secretfs::crypto
