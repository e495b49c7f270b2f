#include "crypto/locked_ssh_key.h"

#include "crypto/base64.h"
#include "crypto/ssh_key.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr uint32_t kTestRounds = 50;

Result<IdentityPtr> Parse(const std::string& text, AskPassphrases ask = {}) {
  return ParseSshPrivateKey(AsBytes(text), {"id_test", std::move(ask), {.rounds = kTestRounds}});
}

IdentityPtr Load(const std::string& fixture, AskPassphrases ask) {
  return Parse(Fixture(fixture), std::move(ask)).value();
}

Outcome DecryptFixture(const std::string& file, const IdentityPtr& identity) {
  return Decrypt(Fixture(file), {&identity, 1});
}

const std::vector<std::string> kEd25519Keys{
    "ssh_ed25519_3des-cbc",         "ssh_ed25519_aes128-cbc", "ssh_ed25519_aes192-cbc",
    "ssh_ed25519_aes256-cbc",       "ssh_ed25519_aes128-ctr", "ssh_ed25519_aes192-ctr",
    "ssh_ed25519_aes256-ctr",       "ssh_ed25519_aes128-gcm", "ssh_ed25519_aes256-gcm",
    "ssh_ed25519_chacha20-poly1305"};
/// Their public halves are locked too.
const std::vector<std::string> kRsaPemKeys{"rsa_pkcs1_encrypted.pem", "rsa_pkcs8_encrypted.pem",
                                           "rsa_pkcs8_v1_encrypted.pem"};

/// The content of a PEM block without headers.
std::string Content(const std::string& fixture) {
  std::string text = Fixture(fixture);
  text = text.substr(text.find('\n') + 1);
  text = text.substr(0, text.find("-----END"));
  return ToText(crypto::DecodeSecretBase64(AsBytes(text)).value());
}

std::string OpenSshPem(std::string_view content) {
  return "-----BEGIN OPENSSH PRIVATE KEY-----\n" +
         crypto::EncodeBase64(AsBytes(content), crypto::Padding::kRequired) +
         "\n-----END OPENSSH PRIVATE KEY-----\n";
}

/// With another number of rounds: the four bytes behind a salt of 16.
std::string WithRounds(const std::string& fixture, char high, char low) {
  std::string content = Content(fixture);
  const size_t at = content.find("bcrypt") + 6 + 4 + 4 + 16;
  content[at] = high;
  content[at + 3] = low;
  return OpenSshPem(content);
}

TEST(LockedSshKey, OpensFilesWithEveryCipher) {
  for (const std::string& key : kEd25519Keys) {
    const auto identity = Load(key, Answer({"secret"}));
    EXPECT_EQ(DecryptFixture("ssh_ed25519.age", identity).plaintext, Fixture("plaintext")) << key;
    EXPECT_EQ(DecryptFixture("several.age", identity).plaintext, Fixture("plaintext")) << key;
  }
  const auto rsa = Load("ssh_rsa_encrypted", Answer({"secret"}));
  EXPECT_EQ(DecryptFixture("ssh_rsa.age", rsa).plaintext, Fixture("plaintext"));
}

TEST(LockedSshKey, OpensFilesWithKeysOfOtherPrograms) {
  for (const std::string& key : kRsaPemKeys) {
    const auto identity = Load(key, Answer({"secret"}));
    EXPECT_EQ(identity->Describe(), "SSH key id_test under a passphrase");
    EXPECT_EQ(DecryptFixture("ssh_rsa.age", identity).plaintext, Fixture("plaintext")) << key;
    EXPECT_EQ(identity->Describe(), Identities("ssh_rsa")[0]->Describe());
  }
  const auto ed25519 = Load("ed25519_pkcs8_encrypted.pem", Answer({"secret"}));
  EXPECT_EQ(FailureOf(DecryptFixture("ssh_ed25519.age", ed25519)), Code::kNoMatch);
  EXPECT_EQ(ed25519->Describe(), Identities("ed25519_pkcs8.pem")[0]->Describe());
}

TEST(LockedSshKey, AsksOnlyWhenAFileIsForIt) {
  int asked = 0;
  const auto identity = Load("ssh_ed25519_aes256-ctr", Answer({"secret"}, &asked));
  const std::string key = Identities("ssh_ed25519")[0]->Describe();
  EXPECT_EQ(identity->Describe(), key + " under a passphrase");
  EXPECT_EQ(identity->cost(), Cost::kPassphraseForIts);
  for (const char* file : {"ssh_rsa.age", "x25519.age"}) {
    EXPECT_EQ(FailureOf(DecryptFixture(file, identity)), Code::kNoMatch) << file;
  }
  Stanza stanza = ParseHeader(Fixture("ssh_ed25519.age"))->stanzas[0];
  stanza.args[0] = "AAAAAA";
  EXPECT_EQ(FailureOf(identity->Unwrap({&stanza, 1})), Code::kNoMatch);
  stanza.args.clear();
  EXPECT_EQ(FailureOf(identity->Unwrap({&stanza, 1})), Code::kHeader);
  EXPECT_EQ(asked, 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(DecryptFixture("ssh_ed25519.age", identity).error);
  }
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(identity->Describe(), key);
}

TEST(LockedSshKey, AsksForAKeyWithoutAPublicHalfWhenThereIsAStanzaOfItsKind) {
  int asked = 0;
  const auto pkcs1 = Load("rsa_pkcs1_encrypted.pem", Answer({"wrong"}, &asked));
  EXPECT_EQ(FailureOf(DecryptFixture("ssh_ed25519.age", pkcs1)), Code::kNoMatch);
  EXPECT_EQ(FailureOf(DecryptFixture("x25519.age", pkcs1)), Code::kNoMatch);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(FailureOf(DecryptFixture("ssh_rsa.age", pkcs1)), Code::kNoMatch);
  EXPECT_EQ(asked, 1);
  const auto pkcs8 = Load("rsa_pkcs8_encrypted.pem", Answer({"wrong"}, &asked));
  EXPECT_EQ(FailureOf(DecryptFixture("x25519.age", pkcs8)), Code::kNoMatch);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(FailureOf(DecryptFixture("ssh_ed25519.age", pkcs8)), Code::kNoMatch);
  EXPECT_EQ(asked, 2);
}

TEST(LockedSshKey, TellsItsRecipientWithoutAQuestionWhereItCan) {
  int asked = 0;
  for (const std::string name : {"ssh_ed25519", "ssh_rsa"}) {
    const std::string locked = name == "ssh_rsa" ? "ssh_rsa_encrypted" : "ssh_ed25519_aes256-ctr";
    EXPECT_EQ(Load(locked, Answer({"secret"}, &asked))->ToRecipient().value()->Text(),
              Identities(name)[0]->ToRecipient().value()->Text());
  }
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(
      Load("rsa_pkcs1_encrypted.pem", Answer({"secret"}, &asked))->ToRecipient().value()->Text(),
      Identities("ssh_rsa")[0]->ToRecipient().value()->Text());
  EXPECT_EQ(asked, 1);
}

TEST(LockedSshKey, AWrongPassphraseIsNoMatch) {
  std::vector<std::string> keys = kEd25519Keys;
  keys.insert(keys.end(), kRsaPemKeys.begin(), kRsaPemKeys.end());
  for (const std::string& key : keys) {
    const auto identity = Load(key, Answer({"wrong"}));
    const bool rsa = key.starts_with("rsa");
    const auto stanzas = ParseHeader(Fixture(rsa ? "ssh_rsa.age" : "ssh_ed25519.age"))->stanzas;
    const auto file_key = identity->Unwrap(stanzas);
    ASSERT_EQ(FailureOf(file_key), Code::kNoMatch) << key;
    EXPECT_EQ(file_key.error().what, "wrong passphrase") << key;
  }
}

TEST(LockedSshKey, ADamagedStanzaOfItsOwnIsStillAnError) {
  const auto identity = Load("ssh_ed25519_aes256-ctr", Answer({"secret"}));
  Stanza stanza = ParseHeader(Fixture("ssh_ed25519.age"))->stanzas[0];
  stanza.body[3] ^= std::byte{1};
  EXPECT_EQ(FailureOf(identity->Unwrap({&stanza, 1})), Code::kHeader);
}

TEST(LockedSshKey, RefusesMoreRoundsThanAllowed) {
  const auto refused = Parse(WithRounds("ssh_ed25519_aes256-ctr", '\0', kTestRounds + 1));
  ASSERT_EQ(FailureOf(refused), Code::kTooLarge);
  EXPECT_EQ(refused.error().what,
            "the SSH key's passphrase takes 51 rounds, above the limit of 50");
  EXPECT_NE(refused.error().hint, "");
  EXPECT_EQ(FailureOf(Parse(WithRounds("ssh_ed25519_aes256-ctr", '\x40', 2))), Code::kTooLarge);
  EXPECT_EQ(FailureOf(Parse(WithRounds("ssh_ed25519_aes256-ctr", '\0', 0))), Code::kInvalid);
  EXPECT_TRUE(Parse(WithRounds("ssh_ed25519_aes256-ctr", '\0', kTestRounds)));
}

TEST(LockedSshKey, NoAlteredByteGivesAnotherKey) {
  for (const std::string name : {"ssh_ed25519_aes256-ctr", "ssh_ed25519_chacha20-poly1305"}) {
    const std::string content = Content(name);
    const auto stanzas = ParseHeader(Fixture("ssh_ed25519.age"))->stanzas;
    for (size_t i = 0; i < content.size(); i += 7) {  // each costs some rounds
      std::string altered = content;
      altered[i] ^= 1;
      const auto identity = Parse(OpenSshPem(altered), Answer({"secret"}));
      if (!identity) continue;
      const auto file_key = (*identity)->Unwrap(stanzas);
      // The comment does not matter, unless there is a tag.
      if (file_key) {
        EXPECT_EQ(name, "ssh_ed25519_aes256-ctr") << i;
      } else {
        EXPECT_EQ(file_key.error().code, Code::kNoMatch) << name << i;
      }
    }
  }
}

TEST(LockedSshKey, RejectsEveryTruncationOfTheContainer) {
  for (const std::string name : {"ssh_ed25519_aes256-ctr", "ssh_ed25519_aes256-gcm"}) {
    const std::string content = Content(name);
    for (size_t size = 0; size < content.size(); ++size) {
      EXPECT_EQ(FailureOf(Parse(OpenSshPem(content.substr(0, size)))), Code::kInvalid) << size;
    }
    EXPECT_EQ(FailureOf(Parse(OpenSshPem(content + "x"))), Code::kInvalid);
  }
}

TEST(LockedSshKey, RefusesCiphersAndAlgorithmsThatItDoesNotKnow) {
  std::string content = Content("ssh_ed25519_aes256-ctr");
  content.replace(content.find("aes256-ctr"), 10, "rot128-ctr");
  EXPECT_EQ(FailureOf(Parse(OpenSshPem(content))), Code::kUnsupported);
  content = Content("ssh_ed25519_aes256-ctr");
  content.replace(content.find("bcrypt"), 6, "cbrypt");
  EXPECT_EQ(FailureOf(Parse(OpenSshPem(content))), Code::kUnsupported);
  content = Content("ssh_ed25519_aes256-ctr");
  content.replace(content.find("ssh-ed25519"), 11, "ssh-ed25510");
  EXPECT_EQ(FailureOf(Parse(OpenSshPem(content))), Code::kUnsupported);
}

TEST(LockedSshKey, RejectsAPublicHalfOfAnotherKey) {
  std::string content = Content("ssh_ed25519_aes256-ctr");
  const size_t at = content.find("ssh-ed25519") + 11 + 4;
  content[at] ^= 1;
  const auto identity = Parse(OpenSshPem(content), Answer({"secret"})).value();
  // A stanza for the key that the file shows.
  Stanza stanza = ParseHeader(Fixture("ssh_ed25519.age"))->stanzas[0];
  const std::string shown = content.substr(content.find("ssh-ed25519") - 4, 4 + 11 + 4 + 32);
  stanza.args[0] = SshPublicKey(ToBytes(shown)).tag();
  const auto file_key = identity->Unwrap({&stanza, 1});
  ASSERT_EQ(FailureOf(file_key), Code::kNoMatch);
  EXPECT_EQ(file_key.error().what, "the key's two halves do not belong together");
}

TEST(LockedSshKey, RejectsDamagedPemHeaders) {
  const std::string text = Fixture("rsa_pkcs1_encrypted.pem");
  const auto replaced = [&](std::string_view what, std::string_view with) {
    std::string altered = text;
    return altered.replace(altered.find(what), what.size(), with);
  };
  EXPECT_TRUE(Parse(text));
  EXPECT_EQ(FailureOf(Parse(replaced("4,ENCRYPTED", "4,MIC-ONLY"))), Code::kInvalid);
  EXPECT_EQ(FailureOf(Parse(replaced("DEK-Info: ", "DEK-Inf: "))), Code::kInvalid);
  EXPECT_EQ(FailureOf(Parse(replaced("AES-128-CBC,7", "AES-128-CBC,g"))), Code::kInvalid);
  EXPECT_EQ(FailureOf(Parse(replaced("AES-128-CBC,7", "AES-128-CBC,"))), Code::kInvalid);
  EXPECT_EQ(FailureOf(Parse(replaced("AES-128-CBC,", "AES-128-CBC"))), Code::kUnsupported);
  EXPECT_EQ(FailureOf(Parse(replaced("AES-128-CBC,", "DES-CBC,"))), Code::kUnsupported);
  EXPECT_EQ(FailureOf(Parse(replaced("\n\n", "\n"))), Code::kInvalid);
  EXPECT_TRUE(Parse(replaced("AES-128-CBC", "AES-192-CBC")));
}

TEST(LockedSshKey, RefusesPkcs8ThatTakesTooMuchWork) {
  std::string content = Content("rsa_pkcs8_encrypted.pem");
  const auto pem = [](std::string_view der) {
    return "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" +
           crypto::EncodeBase64(AsBytes(der), crypto::Padding::kRequired) +
           "\n-----END ENCRYPTED PRIVATE KEY-----\n";
  };
  EXPECT_TRUE(Parse(pem(content)));
  for (size_t size = 0; size < content.size(); size += 7) {
    EXPECT_EQ(FailureOf(Parse(pem(content.substr(0, size)))), Code::kInvalid) << size;
  }
  EXPECT_EQ(FailureOf(Parse(Fixture("pkcs8_many_iterations.pem"))), Code::kTooLarge);
  EXPECT_EQ(FailureOf(Parse(Fixture("pkcs8_scrypt_many_passes.pem"))), Code::kTooLarge);
}

}  // namespace
}  // namespace secretfs::age
