#include "crypto/scrypt.h"

#include "base/secret_heap.h"
#include "crypto/base64.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kPassphrase = "correct horse";
constexpr std::string_view kSalt = "0123456789abcdef";

IdentityPtr TestIdentity(int max_work_factor = kDefaultMaxWorkFactor) {
  return MakePassphraseIdentity(Secret(kPassphrase), max_work_factor).value();
}

/// As an encryptor makes it; a factor that is not a small number is written over one of 1.
Stanza WrappedFileKey(const std::string& factor = "1", std::string_view file_key = kTestFileKey) {
  const std::string salt = "age-encryption.org/v1/scrypt" + std::string(kSalt);
  Bytes wrap_key(32);
  EXPECT_EQ(crypto_pwhash_scryptsalsa208sha256_ll(
                AsUnsigned(AsBytes(kPassphrase)), kPassphrase.size(), AsUnsigned(AsBytes(salt)),
                salt.size(), 2, 8, 1, AsUnsigned(ByteSpan(wrap_key)), wrap_key.size()),
            0);
  return {"scrypt",
          {crypto::EncodeBase64(AsBytes(kSalt), crypto::Padding::kNone), factor},
          ToBytes(Seal(wrap_key, file_key, {}))};
}

Result<SecretBytes> Unwrap(const Stanza& stanza, int max_work_factor = kDefaultMaxWorkFactor) {
  return TestIdentity(max_work_factor)->Unwrap({&stanza, 1});
}

TEST(Scrypt, UnwrapsTheFileKey) {
  EXPECT_EQ(ToText(Unwrap(WrappedFileKey()).value()), kTestFileKey);
}

TEST(Scrypt, OpensAFileOfAnotherImplementation) {
  const std::vector identities{TestIdentity()};
  const Outcome outcome = Decrypt(Fixture("passphrase.age"), identities);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.plaintext, Fixture("plaintext"));
}

TEST(Scrypt, AWrongPassphraseIsNoMatch) {
  const auto wrong = MakePassphraseIdentity(Secret("wrong horse")).value();
  const Stanza stanza = WrappedFileKey();
  const auto file_key = wrong->Unwrap({&stanza, 1});
  ASSERT_EQ(FailureOf(file_key), Code::kNoMatch);
  EXPECT_EQ(file_key.error().what, "wrong passphrase");
}

TEST(Scrypt, RejectsWorkFactorsThatAreNotPlainNumbers) {
  for (const std::string factor : {"", "0", "01", "+1", "-1", " 1", "1 ", "1a", "0x1", "a1", "23",
                                   "64", "65", "99", "100", "4294967297", "18446744073709551617"}) {
    EXPECT_EQ(FailureOf(Unwrap(WrappedFileKey(factor), 22)), Code::kHeader) << factor;
  }
}

TEST(Scrypt, RefusesMoreWorkThanAllowedWithoutDoingIt) {
  const auto refused = Unwrap(WrappedFileKey("21"));
  ASSERT_EQ(FailureOf(refused), Code::kTooLarge);
  EXPECT_EQ(refused.error().what, "the passphrase has work factor 21, above the limit of 20");
  EXPECT_EQ(FailureOf(Unwrap(WrappedFileKey("11"), 10)), Code::kTooLarge);
  EXPECT_EQ(FailureOf(Unwrap(WrappedFileKey("10"), 10)), Code::kNoMatch);  // computed, other key
}

TEST(Scrypt, FailsHardOnAStanzaOfTheWrongShape) {
  Stanza extra_argument = WrappedFileKey();
  extra_argument.args.emplace_back("x");
  EXPECT_EQ(FailureOf(Unwrap(extra_argument)), Code::kHeader);
  Stanza no_factor = WrappedFileKey();
  no_factor.args.pop_back();
  EXPECT_EQ(FailureOf(Unwrap(no_factor)), Code::kHeader);
  Stanza short_salt = WrappedFileKey();
  short_salt.args[0] = crypto::EncodeBase64(AsBytes("short"), crypto::Padding::kNone);
  EXPECT_EQ(FailureOf(Unwrap(short_salt)), Code::kHeader);
  EXPECT_EQ(FailureOf(Unwrap(WrappedFileKey("1", "a file key that is long"))), Code::kHeader);
}

TEST(Scrypt, MustBeAloneWhoeverOpensTheFile) {
  const IdentityPtr fake = std::make_shared<FakeIdentity>(kTestFileKey);
  for (const IdentityPtr& identity : {fake, TestIdentity()}) {
    const std::vector identities{identity};
    EXPECT_FALSE(Decrypt(WriteFile({WrappedFileKey()}, "text"), identities).error);
    EXPECT_EQ(FailureOf(Decrypt(WriteFile({WrappedFileKey(), GreaseStanza()}, "text"), identities)),
              Code::kHeader);
    EXPECT_EQ(FailureOf(Decrypt(WriteFile({GreaseStanza(), WrappedFileKey()}, "text"), identities)),
              Code::kHeader);
  }
}

TEST(Scrypt, RejectsAnEmptyPassphraseAndLimitsBeyondTheHighest) {
  EXPECT_EQ(FailureOf(MakePassphraseIdentity(SecretBytes())), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakePassphraseIdentity(Secret("x"), 23)), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakePassphraseIdentity(Secret("x"), 0)), Code::kInvalid);
}

using Passphrases = std::vector<SecretPtr>;

SecretPtr Shared(std::string_view text) {
  return std::make_shared<const SecretBytes>(Secret(text));
}

TEST(Scrypt, AsksOnlyForAFileUnderAPassphrase) {
  int asked = 0;
  const auto identity = MakePassphraseIdentity([&](const std::string&) {
                          ++asked;
                          return Passphrases{Shared("wrong"), Shared(kPassphrase)};
                        }).value();
  const Stanza other = GreaseStanza();
  EXPECT_EQ(FailureOf(identity->Unwrap({&other, 1})), Code::kNoMatch);
  const Stanza too_much = WrappedFileKey("21");
  EXPECT_EQ(FailureOf(identity->Unwrap({&too_much, 1})), Code::kTooLarge);
  EXPECT_EQ(asked, 0);
  const Stanza stanza = WrappedFileKey();
  EXPECT_EQ(ToText(identity->Unwrap({&stanza, 1}).value()), kTestFileKey);
  EXPECT_EQ(ToText(identity->Unwrap({&stanza, 1}).value()), kTestFileKey);
  EXPECT_EQ(asked, 1);
}

TEST(Scrypt, AsksAgainUntilAPassphraseIsRight) {
  Result<Passphrases> answer = Error{Code::kNotFound, "there is none", "", "add it"};
  const auto identity =
      MakePassphraseIdentity([&](const std::string&) {
        return answer ? Result<Passphrases>(*answer) : Result<Passphrases>(answer.error());
      }).value();
  const Stanza stanza = WrappedFileKey();
  auto file_key = identity->Unwrap({&stanza, 1});
  ASSERT_EQ(FailureOf(file_key), Code::kNoMatch);
  EXPECT_EQ(file_key.error().what, "no passphrase: there is none");
  EXPECT_EQ(file_key.error().hint, "add it");
  answer = Passphrases{Shared("wrong")};
  EXPECT_EQ(FailureOf(identity->Unwrap({&stanza, 1})), Code::kNoMatch);
  answer = Passphrases{Shared(kPassphrase)};
  EXPECT_TRUE(identity->Unwrap({&stanza, 1}));
}

TEST(Scrypt, KeepsTheKeysOfRightAndWrongPassphrases) {
  for (const std::string_view passphrase : {kPassphrase, std::string_view("wrong")}) {
    const auto identity = MakePassphraseIdentity(Secret(passphrase)).value();
    const Stanza stanza = WrappedFileKey();
    const size_t before = secret_heap::GetStats().blocks;
    EXPECT_EQ(identity->Unwrap({&stanza, 1}).has_value(), passphrase == kPassphrase);
    EXPECT_EQ(secret_heap::GetStats().blocks, before + 1);
    EXPECT_EQ(identity->Unwrap({&stanza, 1}).has_value(), passphrase == kPassphrase);
    EXPECT_EQ(secret_heap::GetStats().blocks, before + 1);
  }
}

TEST(Scrypt, DescribesItselfWithoutThePassphrase) {
  EXPECT_EQ(TestIdentity()->Describe(), "scrypt passphrase");
}

}  // namespace
}  // namespace secretfs::age
