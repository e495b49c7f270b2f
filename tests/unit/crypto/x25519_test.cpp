#include "crypto/x25519.h"

#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

using crypto::EncodeBase64;
using crypto::Padding;

constexpr std::string_view kSecretKey = "an X25519 key with 32 bytes here";
constexpr std::string_view kEphemeral = "an ephemeral key with 32 bytes..";

IdentityPtr TestIdentity() { return MakeX25519Identity(Secret(kSecretKey)).value(); }

std::string Multiply(std::string_view scalar, std::string_view point) {
  std::string product(32, '\0');
  EXPECT_EQ(crypto_scalarmult(reinterpret_cast<unsigned char*>(product.data()),
                              AsUnsigned(AsBytes(scalar)), AsUnsigned(AsBytes(point))),
            0);
  return product;
}

std::string PublicKey(std::string_view scalar) {
  return Multiply(scalar, "\x09" + std::string(31, '\0'));
}

/// As an encryptor makes it for the test identity. (C2SP age.md, "X25519 recipient stanza")
Stanza WrappedFileKey(std::string_view file_key = kTestFileKey) {
  const std::string share = PublicKey(kEphemeral);
  const std::string recipient = PublicKey(kSecretKey);
  const Bytes wrap_key =
      Derive(Multiply(kEphemeral, recipient), share + recipient, "age-encryption.org/v1/X25519");
  return {"X25519",
          {EncodeBase64(AsBytes(share), Padding::kNone)},
          ToBytes(Seal(wrap_key, file_key, {}))};
}

Result<SecretBytes> Unwrap(const Stanza& stanza) { return TestIdentity()->Unwrap({&stanza, 1}); }

Stanza WithShare(std::string_view share) {
  Stanza stanza = WrappedFileKey();
  stanza.args[0] = EncodeBase64(AsBytes(share), Padding::kNone);
  return stanza;
}

TEST(X25519, UnwrapsTheFileKey) {
  EXPECT_EQ(ToText(Unwrap(WrappedFileKey()).value()), kTestFileKey);
}

TEST(X25519, FindsItsStanzaAmongOthers) {
  Stanza of_another = WrappedFileKey();
  of_another.body[0] ^= std::byte{1};
  const std::vector<Stanza> stanzas{GreaseStanza(), of_another, WrappedFileKey()};
  EXPECT_EQ(ToText(TestIdentity()->Unwrap(stanzas).value()), kTestFileKey);
}

TEST(X25519, TellsWhyNoStanzaMatches) {
  Stanza of_another = WrappedFileKey();
  of_another.body[0] ^= std::byte{1};
  const auto wrong_key = Unwrap(of_another);
  ASSERT_EQ(FailureOf(wrong_key), Code::kNoMatch);
  EXPECT_EQ(wrong_key.error().what, "its X25519 stanza is for another key");
  Stanza lower_case = WrappedFileKey();
  lower_case.type = "x25519";
  const auto no_stanza = Unwrap(lower_case);
  ASSERT_EQ(FailureOf(no_stanza), Code::kNoMatch);
  EXPECT_EQ(no_stanza.error().what, "the file has no X25519 stanza");
}

TEST(X25519, RejectsPointsOfLowOrder) {
  const std::string zero(32, '\0');
  const std::string one = "\x01" + std::string(31, '\0');
  const std::string order_8 = std::string(
      AsText(FromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")));
  for (const std::string& share : {zero, one, order_8}) {
    EXPECT_EQ(FailureOf(Unwrap(WithShare(share))), Code::kHeader);
  }
}

TEST(X25519, FailsHardOnAStanzaOfTheWrongShape) {
  Stanza extra_argument = WrappedFileKey();
  extra_argument.args.emplace_back("x");
  EXPECT_EQ(FailureOf(Unwrap(extra_argument)), Code::kHeader);
  Stanza no_argument = WrappedFileKey();
  no_argument.args.clear();
  EXPECT_EQ(FailureOf(Unwrap(no_argument)), Code::kHeader);
  EXPECT_EQ(FailureOf(Unwrap(WithShare(PublicKey(kEphemeral).substr(1)))), Code::kHeader);
  EXPECT_EQ(FailureOf(Unwrap(WithShare(PublicKey(kEphemeral) + '\0'))), Code::kHeader);
  Stanza padded = WrappedFileKey();
  padded.args[0] += '=';
  EXPECT_EQ(FailureOf(Unwrap(padded)), Code::kHeader);
}

TEST(X25519, RejectsAFileKeyOfAnotherSize) {
  EXPECT_EQ(FailureOf(Unwrap(WrappedFileKey("a file key that is long"))), Code::kHeader);
  EXPECT_EQ(FailureOf(Unwrap(WrappedFileKey("short"))), Code::kHeader);
}

TEST(X25519, DescribesItselfByItsRecipient) {
  EXPECT_EQ(TestIdentity()->Describe(),
            "X25519 " + crypto::EncodeBech32("age", AsBytes(PublicKey(kSecretKey))));
}

TEST(X25519, RejectsKeysOfAnotherLength) {
  EXPECT_EQ(FailureOf(MakeX25519Identity(Secret("short"))), Code::kInvalid);
}

}  // namespace
}  // namespace secretfs::age
