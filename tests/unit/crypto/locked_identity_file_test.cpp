#include "crypto/locked_identity_file.h"

#include "crypto/base64.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kPassphrase = "correct horse";

Result<ParsedIdentities> Parse(std::string_view content, AskPassphrases ask) {
  return ParseIdentityFile(Secret(content), "id.age", {std::move(ask), {}});
}

IdentityPtr Load(std::string_view content, AskPassphrases ask) {
  return Parse(content, std::move(ask)).value().identities.at(0);
}

/// A file under the passphrase, with little work.
std::string Locked(std::string_view content) {
  const std::string salt = "0123456789abcdef";
  const std::string labelled = "age-encryption.org/v1/scrypt" + salt;
  Bytes wrap_key(32);
  EXPECT_EQ(crypto_pwhash_scryptsalsa208sha256_ll(
                AsUnsigned(AsBytes(kPassphrase)), kPassphrase.size(), AsUnsigned(AsBytes(labelled)),
                labelled.size(), 2, 8, 1, AsUnsigned(ByteSpan(wrap_key)), wrap_key.size()),
            0);
  return WriteFile({{"scrypt",
                     {crypto::EncodeBase64(AsBytes(salt), crypto::Padding::kNone), "1"},
                     ToBytes(Seal(wrap_key, kTestFileKey, {}))}},
                   content);
}

Error WhyNot(const IdentityPtr& identity, const std::string& file) {
  const auto file_key = identity->Unwrap(ParseHeader(Fixture(file))->stanzas);
  EXPECT_EQ(FailureOf(file_key), Code::kNoMatch);
  return file_key ? Error{} : file_key.error();
}

TEST(LockedIdentityFile, OpensFilesOnceItIsUnlocked) {
  for (const char* name : {"x25519_locked.age", "x25519_locked_armored.age"}) {
    int asked = 0;
    const auto identity = Load(Fixture(name), Answer({"wrong", "correct horse"}, &asked));
    EXPECT_EQ(identity->Describe(), "identity file id.age under a passphrase");
    for (const char* file : {"x25519.age", "several.age"}) {
      EXPECT_EQ(Decrypt(Fixture(file), {&identity, 1}).plaintext, Fixture("plaintext")) << file;
    }
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(identity->Describe(),
              "identity file id.age with " + Identities("x25519.txt")[0]->Describe());
  }
}

TEST(LockedIdentityFile, HoldsWhatIdentityFilesHold) {
  const std::string other =
      "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n";
  const std::string several = "# two\n" + Fixture("x25519.txt") + "bad line\n" + other;
  const auto identity = Load(Locked(several), Answer({"correct horse"}));
  EXPECT_FALSE(Decrypt(Fixture("x25519.age"), {&identity, 1}).error);
  EXPECT_EQ(identity->ToRecipients().error().Text(), "id.age:5: not an identity");
  const auto two = Load(Locked(Fixture("x25519.txt") + other), Answer({"correct horse"}));
  EXPECT_EQ(two->ToRecipients().value().size(), 2U);
  EXPECT_EQ(FailureOf(two->ToRecipient()), Code::kUnsupported);
  EXPECT_EQ(WhyNot(identity, "ssh_rsa.age").what,
            "the file has no X25519 stanza; id.age:5: not an identity");
  const auto ssh = Load(Locked(Fixture("ssh_ed25519")), Answer({"correct horse"}));
  EXPECT_FALSE(Decrypt(Fixture("ssh_ed25519.age"), {&ssh, 1}).error);
  EXPECT_EQ(ssh->ToRecipient().value()->Text(),
            Identities("ssh_ed25519")[0]->ToRecipient().value()->Text());
}

TEST(LockedIdentityFile, IsNoMatchWhateverIsWrong) {
  const std::string locked = Fixture("x25519_locked.age");
  const auto why = [](const std::string& content, const std::string& passphrase) {
    return WhyNot(Load(content, Answer({passphrase})), "x25519.age").what;
  };
  EXPECT_EQ(why(locked, "wrong"), "wrong passphrase");
  EXPECT_EQ(why(locked.substr(0, locked.size() - 1), "correct horse").substr(0, 8), "chunk 1 ");
  EXPECT_EQ(why(Locked("nothing\n"), "correct horse"), "id.age:1: not an identity");
  EXPECT_EQ(why(Locked(locked), "correct horse"),
            "an identity file under a passphrase inside another");
  const Error silent = WhyNot(Load(locked, {}), "x25519.age");
  EXPECT_EQ(silent.what, "no passphrase was given");
  EXPECT_NE(silent.hint, "");
}

TEST(LockedIdentityFile, CostsAPassphraseUntilItIsOpen) {
  const auto identity = Load(Fixture("x25519_locked.age"), Answer({"correct horse"}));
  EXPECT_EQ(identity->cost(), Cost::kPassphrase);
  EXPECT_FALSE(Decrypt(Fixture("x25519.age"), {&identity, 1}).error);
  EXPECT_EQ(identity->cost(), Cost::kNone);
}

TEST(LockedIdentityFile, ThatStaysLockedTellsNoRecipients) {
  const auto locked = Load(Fixture("x25519_locked.age"), Answer({"wrong"}));
  const auto recipients = locked->ToRecipients();
  ASSERT_EQ(FailureOf(recipients), Code::kInvalid);
  EXPECT_EQ(recipients.error().Text(), "id.age: wrong passphrase");
}

TEST(LockedIdentityFile, RefusesMoreWorkThanAllowed) {
  std::string file = Locked("");
  file.replace(file.find(" 1\n"), 3, " 21\n");
  EXPECT_EQ(WhyNot(Load(file, Answer({"x"})), "x25519.age").what,
            "the passphrase has work factor 21, above the limit of 20");
}

TEST(LockedIdentityFile, AsksOnlyWhenAFileMayBeForIt) {
  int asked = 0;
  const auto identity = Load(Fixture("x25519_locked.age"), Answer({"correct horse"}, &asked));
  EXPECT_EQ(WhyNot(identity, "passphrase.age").what, "the file is under a passphrase of its own");
  EXPECT_EQ(asked, 0);
}

TEST(LockedIdentityFile, MustBeUnderAPassphrase) {
  const auto verdict = [](std::string_view content) {
    const auto parsed = Parse(content, {});
    EXPECT_EQ(FailureOf(parsed), Code::kInvalid);
    return parsed ? "" : parsed.error().Text();
  };
  EXPECT_EQ(verdict(Fixture("x25519.age")),
            "id.age: an identity file that is encrypted, but not to a passphrase");
  EXPECT_EQ(verdict("age-encryption.org/v1\n-> scrypt x 10\n").substr(0, 32),
            "id.age: a damaged identity file:");
  EXPECT_EQ(verdict("-----BEGIN AGE ENCRYPTED FILE-----\n").substr(0, 32),
            "id.age: a damaged identity file:");
}

TEST(LockedIdentityFile, ABadOneDoesNotSpoilAGoodOne) {
  std::vector<IdentityPtr> identities{Load(Fixture("x25519_locked.age"), Answer({"wrong"}))};
  const Outcome failed = Decrypt(Fixture("x25519.age"), identities);
  ASSERT_EQ(FailureOf(failed), Code::kNoMatch);
  EXPECT_NE(failed.error->hint.find("identity file id.age under a passphrase (wrong passphrase)"),
            std::string::npos)
      << failed.error->hint;
  identities.push_back(Identities("x25519.txt")[0]);
  EXPECT_EQ(Decrypt(Fixture("x25519.age"), identities).plaintext, Fixture("plaintext"));
}

}  // namespace
}  // namespace secretfs::age
