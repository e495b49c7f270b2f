#include "crypto/hybrid.h"

#include "crypto/age_header.h"
#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

using crypto::DecodeBase64;
using crypto::EncodeBase64;
using crypto::Padding;

#define NEEDS_XWING() \
  if (!HybridSupported()) GTEST_SKIP() << "the libsodium of this build has no X-Wing"

constexpr std::string_view kSeed = "a post-quantum seed of 32 bytes.";
constexpr size_t kMlKemCiphertextBytes = 1088;

IdentityPtr TestIdentity() { return MakeHybridIdentity(Secret(kSeed)).value(); }

/// The stanza of hybrid.age, which age 1.3 made.
Stanza RealStanza() {
  const std::string file = Fixture("hybrid.age");
  LineCursor lines(file);
  EXPECT_EQ(lines.Next().value(), "age-encryption.org/v1");
  return ParseStanza(lines).value();
}

Result<SecretBytes> UnwrapReal(const Stanza& stanza) {
  return Identities("hybrid.txt")[0]->Unwrap({&stanza, 1});
}

Bytes Enc(const Stanza& stanza) { return DecodeBase64(stanza.args[0], Padding::kNone).value(); }

Stanza WithEnc(const Bytes& enc) {
  Stanza stanza = RealStanza();
  stanza.args[0] = EncodeBase64(enc, Padding::kNone);
  return stanza;
}

Stanza WithAlteredEnc(size_t index) {
  Bytes enc = Enc(RealStanza());
  enc[index] ^= std::byte{1};
  return WithEnc(enc);
}

Stanza WithShare(std::string_view share) {
  Bytes enc = Enc(RealStanza());
  std::copy_n(AsBytes(share).begin(), share.size(), enc.begin() + kMlKemCiphertextBytes);
  return WithEnc(enc);
}

Bytes PublicKey() {
  const std::string text = TestIdentity()->ToRecipient().value()->Text();
  const auto decoded = crypto::DecodeBech32(AsBytes(text)).value();
  EXPECT_EQ(decoded.prefix, "age1pq");
  const ByteView key = decoded.data.Expose();
  return {key.begin(), key.end()};
}

TEST(Hybrid, FailsHardOnAStanzaOfTheWrongShape) {
  Stanza extra_argument = RealStanza();
  extra_argument.args.emplace_back("x");
  EXPECT_EQ(FailureOf(UnwrapReal(extra_argument)), Code::kHeader);
  Stanza no_argument = RealStanza();
  no_argument.args.clear();
  EXPECT_EQ(FailureOf(UnwrapReal(no_argument)), Code::kHeader);
  Bytes enc = Enc(RealStanza());
  enc.push_back(std::byte{0});
  EXPECT_EQ(FailureOf(UnwrapReal(WithEnc(enc))), Code::kHeader);
  enc.resize(enc.size() - 2);
  EXPECT_EQ(FailureOf(UnwrapReal(WithEnc(enc))), Code::kHeader);
  Stanza padded = RealStanza();
  padded.args[0] += '=';
  EXPECT_EQ(FailureOf(UnwrapReal(padded)), Code::kHeader);
  Stanza long_body = RealStanza();
  long_body.body.push_back(std::byte{0});
  EXPECT_EQ(FailureOf(UnwrapReal(long_body)), Code::kHeader);
  Stanza short_body = RealStanza();
  short_body.body.pop_back();
  EXPECT_EQ(FailureOf(UnwrapReal(short_body)), Code::kHeader);
}

TEST(Hybrid, RejectsSharesOfLowOrder) {
  const std::string zero(32, '\0');
  const std::string one = "\x01" + std::string(31, '\0');
  const std::string order_8 = std::string(
      AsText(FromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")));
  for (const std::string& share : {zero, one, order_8}) {
    EXPECT_EQ(FailureOf(UnwrapReal(WithShare(share))), Code::kHeader);
  }
}

TEST(Hybrid, TakesSeedsOf32BytesOnly) {
  EXPECT_EQ(FailureOf(MakeHybridIdentity(Secret("short"))), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakeHybridIdentity(Secret(std::string(kSeed) + "."))), Code::kInvalid);
}

TEST(Hybrid, TellsWhyNoStanzaMatches) {
  Stanza upper_case = RealStanza();
  upper_case.type = "MLKEM768X25519";
  const auto no_stanza = UnwrapReal(upper_case);
  ASSERT_EQ(FailureOf(no_stanza), Code::kNoMatch);
  EXPECT_EQ(no_stanza.error().what, "the file has no mlkem768x25519 stanza");
  const Stanza real = RealStanza();
  const auto other_key = TestIdentity()->Unwrap({&real, 1});
  ASSERT_EQ(FailureOf(other_key), Code::kNoMatch);
  if (HybridSupported()) {
    EXPECT_EQ(other_key.error().what, "its mlkem768x25519 stanza is for another key");
  } else {
    EXPECT_EQ("no (" + other_key.error().what + ")", HybridSupport());
  }
}

TEST(Hybrid, SaysWhatWouldHelpWhereItIsNotSupported) {
  const Outcome outcome = Decrypt(Fixture("hybrid.age"), Identities("x25519.txt"));
  ASSERT_EQ(FailureOf(outcome), Code::kNoMatch);
  const bool said = outcome.error->hint.find(kHybridHint) != std::string::npos;
  EXPECT_EQ(said, !HybridSupported()) << outcome.error->hint;
  EXPECT_EQ(HybridSupport().starts_with("no ("), !HybridSupported()) << HybridSupport();
}

TEST(Hybrid, WithoutXWingMatchesNothingAndMakesNothing) {
  if (HybridSupported()) GTEST_SKIP() << "the libsodium of this build has X-Wing";
  EXPECT_EQ(FailureOf(UnwrapReal(RealStanza())), Code::kNoMatch);
  EXPECT_EQ(TestIdentity()->Describe(), "mlkem768x25519");
  EXPECT_EQ(FailureOf(TestIdentity()->ToRecipient()), Code::kUnsupported);
  const auto recipient = MakeHybridRecipient(Bytes(kHybridRecipientBytes));
  ASSERT_EQ(FailureOf(recipient), Code::kUnsupported);
  EXPECT_EQ(recipient.error().hint, kHybridHint);
}

TEST(Hybrid, OpensAFileOfAge13) {
  NEEDS_XWING();
  const Outcome outcome = Decrypt(Fixture("hybrid.age"), Identities("hybrid.txt"));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.plaintext, Fixture("plaintext"));
}

TEST(Hybrid, TellsTheRecipientThatAge13Tells) {
  NEEDS_XWING();
  const auto identity = Identities("hybrid.txt")[0];
  const std::string recipient = identity->ToRecipient().value()->Text();
  EXPECT_EQ(recipient.size(), 1959U);
  EXPECT_NE(Fixture("hybrid.txt").find("# public key: " + recipient + "\n"), std::string::npos);
}

TEST(Hybrid, DescribesItselfShortly) {
  NEEDS_XWING();
  const std::string recipient = TestIdentity()->ToRecipient().value()->Text();
  EXPECT_EQ(TestIdentity()->Describe(), "mlkem768x25519 " + recipient.substr(0, 15) + "..." +
                                            recipient.substr(recipient.size() - 6));
}

TEST(Hybrid, WrapsForItsIdentity) {
  NEEDS_XWING();
  const auto recipient = MakeHybridRecipient(PublicKey()).value();
  const auto wrapped = recipient->Wrap(Secret(kTestFileKey)).value();
  EXPECT_EQ(wrapped.labels, std::vector<std::string>{"postquantum"});
  ASSERT_EQ(wrapped.stanzas.size(), 1U);
  EXPECT_EQ(ToText(TestIdentity()->Unwrap(wrapped.stanzas).value()), kTestFileKey);
  const auto again = recipient->Wrap(Secret(kTestFileKey)).value();
  EXPECT_NE(again.stanzas[0].args, wrapped.stanzas[0].args);
}

TEST(Hybrid, FindsItsStanzaAmongOthers) {
  NEEDS_XWING();
  const auto wrapped = MakeHybridRecipient(PublicKey()).value()->Wrap(Secret(kTestFileKey)).value();
  const std::vector<Stanza> stanzas{GreaseStanza(), RealStanza(), wrapped.stanzas[0]};
  EXPECT_EQ(ToText(TestIdentity()->Unwrap(stanzas).value()), kTestFileKey);
}

TEST(Hybrid, MatchesNothingThatWasAltered) {
  NEEDS_XWING();
  for (const size_t index : {size_t{0}, kMlKemCiphertextBytes - 1, kMlKemCiphertextBytes}) {
    EXPECT_EQ(FailureOf(UnwrapReal(WithAlteredEnc(index))), Code::kNoMatch) << index;
  }
  Stanza wrong_tag = RealStanza();
  wrong_tag.body.back() ^= std::byte{1};
  EXPECT_EQ(FailureOf(UnwrapReal(wrong_tag)), Code::kNoMatch);
}

TEST(Hybrid, RejectsPublicKeysThatAreNone) {
  NEEDS_XWING();
  EXPECT_EQ(FailureOf(MakeHybridRecipient(Bytes(kHybridRecipientBytes - 1))), Code::kInvalid);
  Bytes coefficients_too_large = PublicKey();
  std::fill_n(coefficients_too_large.begin(), 3, std::byte{0xff});
  EXPECT_EQ(FailureOf(MakeHybridRecipient(coefficients_too_large)), Code::kInvalid);
  Bytes low_order = PublicKey();
  std::fill(low_order.end() - 32, low_order.end(), std::byte{0});
  EXPECT_EQ(FailureOf(MakeHybridRecipient(low_order)), Code::kInvalid);
}

}  // namespace
}  // namespace secretfs::age
