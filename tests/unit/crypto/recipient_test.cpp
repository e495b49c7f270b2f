// Every kind of recipient against its identity.
#include "crypto/recipient.h"

#include "crypto/age_header.h"
#include "crypto/encryption.h"
#include "crypto/recipient_file.h"
#include "crypto/scrypt.h"
#include "crypto/ssh_recipient.h"
#include "crypto/x25519.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kFileKey = "YELLOW SUBMARINE";

SecretPtr Passphrase(std::string_view text) {
  return std::make_shared<const SecretBytes>(Secret(text));
}

Result<std::string> Encrypt(std::string_view plaintext, std::vector<RecipientPtr> recipients) {
  MemorySink sink;
  TRY(EncryptAll(AsBytes(plaintext), recipients, {}, sink));
  return std::string(AsText(sink.bytes()));
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Keys that ssh-keygen and age-keygen made, with the public half as they wrote it.
struct Pair {
  const char* secret;
  const char* stanza_type;
};
constexpr std::array kPairs{Pair{"x25519.txt", "X25519"}, Pair{"ssh_ed25519", "ssh-ed25519"},
                            Pair{"ssh_rsa", "ssh-rsa"}};

TEST(Recipient, OfEachIdentityIsOpenedByThatIdentityAlone) {
  for (const Pair& pair : kPairs) {
    const auto recipient = Identities(pair.secret).front()->ToRecipient();
    ASSERT_TRUE(recipient) << pair.secret;
    const auto file = Encrypt("plaintext", {*recipient});
    ASSERT_TRUE(file) << pair.secret;
    for (const Pair& other : kPairs) {
      const Outcome outcome = Decrypt(*file, Identities(other.secret));
      if (&other == &pair) {
        EXPECT_EQ(outcome.plaintext, "plaintext") << pair.secret;
      } else {
        EXPECT_EQ(FailureOf(outcome), Code::kNoMatch) << pair.secret << " by " << other.secret;
      }
    }
  }
}

TEST(Recipient, MakesOneStanzaWithoutLabelsAnewEachTime) {
  for (const Pair& pair : kPairs) {
    const auto recipient = Identities(pair.secret).front()->ToRecipient().value();
    const Wrapped one = recipient->Wrap(Secret(kFileKey)).value();
    const Wrapped other = recipient->Wrap(Secret(kFileKey)).value();
    ASSERT_EQ(one.stanzas.size(), 1U);
    EXPECT_EQ(one.stanzas[0].type, pair.stanza_type);
    EXPECT_TRUE(one.labels.empty());
    EXPECT_NE(one.stanzas[0].body, other.stanzas[0].body);
  }
}

TEST(Recipient, TextIsReadBackAsTheSameRecipient) {
  for (const Pair& pair : kPairs) {
    const std::string text = Identities(pair.secret).front()->ToRecipient().value()->Text();
    const auto parsed = ParseRecipient(text, nullptr);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ((*parsed)->Text(), text);
    const auto file = Encrypt("plaintext", {*parsed});
    EXPECT_EQ(Decrypt(*file, Identities(pair.secret)).plaintext, "plaintext");
  }
}

TEST(PassphraseRecipient, IsOpenedByThePassphraseAlone) {
  const auto recipient = MakePassphraseRecipient(Passphrase("correct horse"), 2);
  ASSERT_TRUE(recipient);
  EXPECT_EQ((*recipient)->Text(), "passphrase");
  const auto file = Encrypt("plaintext", {*recipient});
  ASSERT_TRUE(file);
  EXPECT_EQ(ParseHeader(*file)->stanzas[0].args[1], "2");
  const auto opens = [&](std::string_view passphrase) {
    return Decrypt(*file, std::vector{MakePassphraseIdentity(Secret(passphrase)).value()});
  };
  EXPECT_EQ(opens("correct horse").plaintext, "plaintext");
  EXPECT_EQ(FailureOf(opens("correct horsE")), Code::kNoMatch);
}

TEST(PassphraseRecipient, StandsAlone) {
  const auto one = MakePassphraseRecipient(Passphrase("one"), 1).value();
  const auto other = MakePassphraseRecipient(Passphrase("one"), 1).value();
  const auto key = Identities("x25519.txt").front()->ToRecipient().value();
  for (const auto& recipients : {std::vector{one, other}, std::vector{one, one},
                                 std::vector{one, key}, std::vector{key, one}}) {
    const auto file = Encrypt("", recipients);
    ASSERT_EQ(FailureOf(file), Code::kInvalid);
    EXPECT_EQ(file.error().what, "a passphrase cannot stand beside other recipients");
  }
}

TEST(PassphraseRecipient, RefusesWhatCouldNotBeOpened) {
  EXPECT_EQ(FailureOf(MakePassphraseRecipient(Passphrase(""))), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakePassphraseRecipient(nullptr)), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakePassphraseRecipient(Passphrase("x"), 0)), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakePassphraseRecipient(Passphrase("x"), 23)), Code::kInvalid);
}

TEST(SshRecipient, IsSpeltAsSshKeygenDoes) {
  for (const char* name : {"ssh_ed25519", "ssh_rsa"}) {
    const std::string line = FirstLine(Fixture(name + std::string(".pub")));
    const std::string without_comment = line.substr(0, line.find(' ', line.find(' ') + 1));
    EXPECT_EQ(Identities(name).front()->ToRecipient().value()->Text(), without_comment);
    const auto parsed = ParseSshRecipient(line);
    ASSERT_TRUE(parsed) << line;
    EXPECT_EQ((*parsed)->Text(), without_comment);
  }
}

TEST(SshRecipient, RefusesKeysThatCannotDecrypt) {
  for (const std::string type :
       {"ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-dss", "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com"}) {
    const auto parsed = ParseRecipient(type + " AAAAC3NzaC1lZDI1NTE5AAAA", nullptr);
    EXPECT_EQ(FailureOf(parsed), Code::kUnsupported) << type;
    EXPECT_FALSE(parsed.error().hint.empty());
  }
}

TEST(SshRecipient, RefusesShortRsaKeys) {
  Bytes wire;
  const auto string = [&](std::string_view text) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      wire.push_back(static_cast<std::byte>(text.size() >> shift));
    }
    for (const char c : text) wire.push_back(static_cast<std::byte>(c));
  };
  const auto key = [&](std::string_view e, size_t bytes, char last = '\x01') {
    wire.clear();
    string("ssh-rsa");
    string(e);
    string(std::string(1, '\0') + std::string(bytes - 1, '\xff') + last);
    return MakeSshRecipient(wire);
  };
  const std::string e("\x01\x00\x01", 3);
  EXPECT_TRUE(key(e, 256));
  EXPECT_EQ(FailureOf(key(e, 255)), Code::kUnsupported);
  EXPECT_TRUE(key(e, 2048));
  EXPECT_EQ(FailureOf(key(e, 2049)), Code::kUnsupported);
  EXPECT_EQ(FailureOf(key(e, 256, '\x02')), Code::kInvalid);
  EXPECT_EQ(FailureOf(key("\x01", 256)), Code::kInvalid);
  EXPECT_EQ(FailureOf(key("\x04", 256)), Code::kInvalid);
  EXPECT_EQ(FailureOf(key("\x01\x01\x01\x01", 256)), Code::kInvalid);
  EXPECT_EQ(FailureOf(key(std::string("\x00\x03", 2), 256)), Code::kInvalid) << "not the shortest";
}

TEST(SshRecipient, RefusesEveryTruncationAndContinuation) {
  const std::string line = FirstLine(Fixture("ssh_ed25519.pub"));
  const std::string key = line.substr(0, line.find(' ', line.find(' ') + 1));
  for (size_t size = 0; size < key.size(); ++size) {
    EXPECT_FALSE(ParseRecipient(key.substr(0, size), nullptr)) << size;
  }
  EXPECT_FALSE(ParseRecipient(key + "AAAA", nullptr));
  EXPECT_FALSE(ParseRecipient("ssh-rsa" + key.substr(key.find(' ')), nullptr));
}

TEST(SshRecipient, RefusesPointsOffTheCurve) {
  const auto wire = [](char fill) {
    Bytes bytes;
    for (const unsigned char c : std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19)) {
      bytes.push_back(static_cast<std::byte>(c));
    }
    bytes.resize(bytes.size() + 32, static_cast<std::byte>(fill));
    return bytes;
  };
  EXPECT_EQ(FailureOf(MakeSshRecipient(wire('\x02'))), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakeSshRecipient(wire('\0'))), Code::kInvalid) << "a point of low order";
}

}  // namespace
}  // namespace secretfs::age
