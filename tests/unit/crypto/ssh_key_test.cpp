#include "crypto/ssh_key.h"

#include <openssl/err.h>

#include "crypto/base64.h"
#include "crypto/ssh_ed25519.h"
#include "crypto/ssh_wire.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

Outcome DecryptFixture(const std::string& key, const std::string& file) {
  return Decrypt(Fixture(file), Identities(key));
}

Result<IdentityPtr> Parse(const std::string& text) { return ParseSshPrivateKey(AsBytes(text), {}); }

/// The container of an OpenSSH key file.
std::string Container(const std::string& fixture) {
  std::string text = Fixture(fixture);
  text = text.substr(text.find('\n') + 1);
  text = text.substr(0, text.find("-----END"));
  return ToText(crypto::DecodeSecretBase64(AsBytes(text)).value());
}

std::string Pem(std::string_view label, std::string_view content) {
  const std::string name(label);
  return "-----BEGIN " + name + "-----\n" +
         crypto::EncodeBase64(AsBytes(content), crypto::Padding::kRequired) + "\n-----END " + name +
         "-----\n";
}

TEST(SshKey, OpensFilesOfTheRealAge) {
  for (const char* key : {"ssh_rsa", "ssh_rsa_pkcs1.pem", "ssh_rsa_pkcs8.pem"}) {
    for (const char* file : {"ssh_rsa.age", "several.age"}) {
      EXPECT_EQ(DecryptFixture(key, file).plaintext, Fixture("plaintext")) << key << " " << file;
    }
  }
  for (const char* file : {"ssh_ed25519.age", "several.age"}) {
    EXPECT_EQ(DecryptFixture("ssh_ed25519", file).plaintext, Fixture("plaintext")) << file;
  }
}

TEST(SshKey, IsNoMatchForFilesToOtherKeys) {
  for (const char* file : {"ssh_ed25519.age", "several.age", "x25519.age"}) {
    EXPECT_EQ(FailureOf(DecryptFixture("ed25519_pkcs8.pem", file)), Code::kNoMatch) << file;
  }
  EXPECT_EQ(FailureOf(DecryptFixture("ssh_rsa", "ssh_ed25519.age")), Code::kNoMatch);
  EXPECT_EQ(FailureOf(DecryptFixture("ssh_ed25519", "ssh_rsa.age")), Code::kNoMatch);
}

TEST(SshKey, DescribesItselfByTheFingerprintOfSshKeygen) {
  for (const std::string name : {"ssh_ed25519", "ssh_rsa"}) {
    // "TYPE BASE64 COMMENT"
    const std::string line = Fixture(name + ".pub");
    const size_t begin = line.find(' ') + 1;
    const auto wire = crypto::DecodeBase64(line.substr(begin, line.rfind(' ') - begin),
                                           crypto::Padding::kRequired);
    ASSERT_TRUE(wire);
    EXPECT_EQ(Identities(name)[0]->Describe(),
              line.substr(0, begin) + SshPublicKey(*wire).fingerprint());
  }
}

TEST(SshKey, RefusesWhatItCannotUseAndSaysWhy) {
  for (const char* name : {"ssh_ecdsa", "ec_pkcs8.pem"}) {
    const auto identity = Parse(Fixture(name));
    ASSERT_EQ(FailureOf(identity), Code::kUnsupported) << name;
    EXPECT_EQ(identity.error().what, "an SSH key that age cannot use");
  }
  EXPECT_EQ(FailureOf(Parse("-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n")),
            Code::kUnsupported);
  EXPECT_EQ(FailureOf(Parse("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")),
            Code::kInvalid);
}

TEST(SshKey, TakesCrLfAndNoLastLineEnd) {
  std::string text = Fixture("ssh_ed25519");
  EXPECT_TRUE(Parse(text.substr(0, text.size() - 1)).has_value());
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) {
    text.insert(at, 1, '\r');
  }
  EXPECT_TRUE(Parse(text).has_value());
}

TEST(SshKey, RejectsEveryTruncationOfTheFile) {
  for (const char* name : {"ssh_ed25519", "ssh_rsa_pkcs8.pem"}) {
    const std::string text = Fixture(name);
    for (size_t size = 0; size < text.size() - 1; ++size) {
      EXPECT_EQ(FailureOf(Parse(text.substr(0, size))), Code::kInvalid) << name << size;
    }
  }
}

TEST(SshKey, RejectsEveryTruncationOfTheContainer) {
  const std::string container = Container("ssh_ed25519");
  for (size_t size = 0; size < container.size(); ++size) {
    EXPECT_EQ(FailureOf(Parse(Pem("OPENSSH PRIVATE KEY", container.substr(0, size)))),
              Code::kInvalid)
        << size;
  }
  EXPECT_EQ(FailureOf(Parse(Pem("OPENSSH PRIVATE KEY", container + "x"))), Code::kInvalid);
}

TEST(SshKey, NoAlteredByteGivesAnotherEd25519Key) {
  const std::string container = Container("ssh_ed25519");
  const std::string right = Identities("ssh_ed25519")[0]->Describe();
  for (size_t i = 0; i < container.size(); ++i) {
    std::string altered = container;
    altered[i] ^= 1;
    const auto identity = Parse(Pem("OPENSSH PRIVATE KEY", altered));
    // Some bytes do not matter, such as the comment's.
    EXPECT_TRUE(!identity || (*identity)->Describe() == right) << i;
  }
}

TEST(SshKey, RejectsRsaNumbersThatDoNotBelongTogether) {
  const std::string container = Container("ssh_rsa");
  const size_t private_section = container.rfind("ssh-rsa");
  std::string altered = container;
  altered[private_section + 100] ^= 1;  // in the modulus
  EXPECT_EQ(FailureOf(Parse(Pem("OPENSSH PRIVATE KEY", altered))), Code::kInvalid);
}

TEST(SshKey, RejectsTextBehindTheKey) {
  const auto identity = Parse(Fixture("ssh_ed25519") + Fixture("ssh_rsa"));
  ASSERT_EQ(FailureOf(identity), Code::kInvalid);
  EXPECT_EQ(identity.error().what, "there is text behind the private key");
}

TEST(SshKey, LimitsTheSizeOfAFile) {
  EXPECT_EQ(FailureOf(Parse(Fixture("ssh_ed25519") + std::string(kMaxSshKeyBytes, '\n'))),
            Code::kTooLarge);
}

TEST(SshKey, LeavesNothingInOpenSslsErrorQueue) {
  for (const char* label : {"PRIVATE KEY", "RSA PRIVATE KEY"}) {
    EXPECT_EQ(FailureOf(Parse(Pem(label, "not a key at all"))), Code::kInvalid);
    EXPECT_EQ(ERR_peek_error(), 0UL);
  }
}

TEST(SshKey, FailsHardOnADamagedStanzaOfItsOwn) {
  for (const std::string name : {"ssh_ed25519", "ssh_rsa"}) {
    const auto header = ParseHeader(Fixture(name + ".age")).value();
    const auto identity = Identities(name)[0];
    const auto code = [&](auto change) {
      Stanza stanza = header.stanzas[0];
      change(stanza);
      return FailureOf(identity->Unwrap({&stanza, 1}));
    };
    EXPECT_EQ(code([](Stanza&) {}), std::nullopt);
    EXPECT_EQ(code([](Stanza& stanza) { stanza.body[3] ^= std::byte{1}; }), Code::kHeader);
    EXPECT_EQ(code([](Stanza& stanza) { stanza.body.pop_back(); }), Code::kHeader);
    EXPECT_EQ(code([](Stanza& stanza) { stanza.args.emplace_back("x"); }), Code::kHeader);
    EXPECT_EQ(code([](Stanza& stanza) { stanza.args.clear(); }), Code::kHeader);
    EXPECT_EQ(code([](Stanza& stanza) { stanza.args[0] = "AAAAAA"; }), Code::kNoMatch);
    EXPECT_EQ(ERR_peek_error(), 0UL);
  }
}

TEST(SshEd25519, RejectsShareOfLowOrder) {
  Stanza stanza = ParseHeader(Fixture("ssh_ed25519.age"))->stanzas[0];
  stanza.args[1] = std::string(43, 'A');
  EXPECT_EQ(FailureOf(Identities("ssh_ed25519")[0]->Unwrap({&stanza, 1})), Code::kHeader);
}

TEST(SshEd25519, RejectsAPublicKeyThatIsNotTheSeeds) {
  const Bytes zeros(32);
  EXPECT_TRUE(MakeSshEd25519Identity(zeros).has_value());
  EXPECT_EQ(FailureOf(MakeSshEd25519Identity(zeros, zeros)), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakeSshEd25519Identity(ByteView(zeros).first(31))), Code::kInvalid);
}

TEST(SshWire, ReadsWhatItWrites) {
  WireWriter writer;
  writer.String(AsBytes("text")).Natural(FromHex("00000102")).Natural(FromHex("ff"));
  EXPECT_EQ(writer.bytes(), FromHex("0000000474657874"
                                    "000000020102"
                                    "0000000200ff"));
  WireReader reader(writer.bytes());
  EXPECT_EQ(AsText(reader.String().value()), "text");
  EXPECT_TRUE(std::ranges::equal(reader.Natural().value(), FromHex("0102")));
  EXPECT_TRUE(std::ranges::equal(reader.Natural().value(), FromHex("ff")));
  EXPECT_TRUE(reader.rest().empty());
  EXPECT_EQ(FailureOf(reader.Uint32()), Code::kInvalid);
}

TEST(SshWire, RejectsLengthsBeyondTheEndAndNumbersBelowOne) {
  EXPECT_EQ(FailureOf(WireReader(FromHex("00000005aabb")).String()), Code::kInvalid);
  EXPECT_EQ(FailureOf(WireReader(FromHex("ffffffffaabb")).String()), Code::kInvalid);
  EXPECT_EQ(FailureOf(WireReader(FromHex("00000001ff")).Natural()), Code::kInvalid);
  EXPECT_EQ(FailureOf(WireReader(FromHex("0000000100")).Natural()), Code::kInvalid);
  EXPECT_EQ(FailureOf(WireReader(FromHex("00000000")).Natural()), Code::kInvalid);
}

}  // namespace
}  // namespace secretfs::age
