#include "crypto/encryption.h"

#include "crypto/age_file.h"
#include "crypto/age_header.h"
#include "crypto/recipients_mark.h"
#include "crypto/stream_cipher.h"
#include "crypto/unwrap.h"
#include "crypto/x25519.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

IdentityPtr Key(char fill) { return MakeX25519Identity(Secret(std::string(32, fill))).value(); }
RecipientPtr RecipientOf(const IdentityPtr& identity) { return identity->ToRecipient().value(); }

/// Writes the file key as it is, under given labels.
class FakeRecipient final : public Recipient {
 public:
  FakeRecipient(std::string type, std::vector<std::string> labels, size_t stanzas = 1)
      : type_(std::move(type)), labels_(std::move(labels)), stanzas_(stanzas) {}
  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    const ByteView key = file_key.Expose();
    return Wrapped{std::vector<Stanza>(stanzas_, {type_, {}, Bytes(key.begin(), key.end())}),
                   labels_};
  }
  [[nodiscard]] std::string Text() const override { return "fake1" + type_; }

 private:
  std::string type_;
  std::vector<std::string> labels_;
  size_t stanzas_;
};

RecipientPtr Fake(std::string type, std::vector<std::string> labels = {}, size_t stanzas = 1) {
  return std::make_shared<FakeRecipient>(std::move(type), std::move(labels), stanzas);
}

class FailingRecipient final : public Recipient {
 public:
  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& /*file_key*/) const override {
    return Error{Code::kUnavailable, "the token is not there", "", ""};
  }
  [[nodiscard]] std::string Text() const override { return "failing"; }
};

Result<std::string> Encrypt(std::string_view plaintext, std::vector<RecipientPtr> recipients,
                            EncryptionOptions options = {}) {
  MemorySink sink;
  TRY(EncryptAll(AsBytes(plaintext), recipients, options, sink));
  return std::string(AsText(sink.bytes()));
}

std::string OpenedWith(const IdentityPtr& identity, std::string_view file) {
  const Outcome outcome = Decrypt(file, std::vector{identity});
  EXPECT_FALSE(outcome.error) << outcome.error->what;
  return outcome.plaintext;
}

TEST(Encryption, IsOpenedByTheIdentity) {
  for (const size_t size :
       {size_t{0}, size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 3 * kChunkBytes}) {
    for (const bool armored : {false, true}) {
      const std::string plaintext = TestPlaintext(size);
      const auto file = Encrypt(plaintext, {RecipientOf(Key('a'))}, {.armored = armored});
      ASSERT_TRUE(file);
      EXPECT_EQ(file->starts_with("-----BEGIN AGE"), armored);
      EXPECT_EQ(OpenedWith(Key('a'), *file), plaintext) << size;
    }
  }
}

TEST(Encryption, IsOpenedByEachOfManyAndByNoOther) {
  const auto file =
      Encrypt("text", {RecipientOf(Key('a')), RecipientOf(Key('b')), RecipientOf(Key('c'))});
  ASSERT_TRUE(file);
  for (const char key : {'a', 'b', 'c'}) EXPECT_EQ(OpenedWith(Key(key), *file), "text");
  EXPECT_EQ(FailureOf(Decrypt(*file, std::vector{Key('d')})), Code::kNoMatch);
}

TEST(Encryption, NeverRepeatsAKey) {
  const auto one = Encrypt("text", {Fake("fake")});
  const auto other = Encrypt("text", {Fake("fake")});
  ASSERT_TRUE(one && other);
  const auto file_key = [](const std::string& file) { return ParseHeader(file)->stanzas[0].body; };
  EXPECT_EQ(file_key(*one).size(), kFileKeyBytes);
  EXPECT_NE(file_key(*one), file_key(*other));
  const auto nonce = [](const std::string& file) {
    return file.substr(ParseHeader(file)->size, 16);
  };
  EXPECT_NE(nonce(*one), nonce(*other));
}

TEST(Encryption, WritesNothingBeforeAllRecipientsHaveWrapped) {
  MemorySink sink;
  const std::vector<RecipientPtr> recipients{RecipientOf(Key('a')),
                                             std::make_shared<FailingRecipient>()};
  EXPECT_EQ(FailureOf(Encryption::Begin(sink, recipients)), Code::kUnavailable);
  EXPECT_EQ(FailureOf(EncryptAll({}, {}, {}, sink)), Code::kInvalid);
  EXPECT_TRUE(sink.bytes().empty());
}

TEST(Encryption, RefusesUnequalLabels) {
  EXPECT_TRUE(Encrypt("", {Fake("a", {"x"}), Fake("b", {"x"})}));
  const auto mixed = Encrypt("", {Fake("a", {"x"}), Fake("b", {"x", "y"})});
  ASSERT_EQ(FailureOf(mixed), Code::kInvalid);
  EXPECT_EQ(mixed.error().what, "these recipients do not mix: 'fake1a' and 'fake1b'");
}

TEST(Encryption, SaysThatAPassphraseStandsAlone) {
  const auto mixed = Encrypt("", {Fake("X25519"), Fake("scrypt", {"random"})});
  ASSERT_EQ(FailureOf(mixed), Code::kInvalid);
  EXPECT_EQ(mixed.error().what, "a passphrase cannot stand beside other recipients");
  EXPECT_TRUE(Encrypt("", {Fake("scrypt", {"random"})}));
}

TEST(Encryption, SaysWhichRecipientIsNotPostQuantum) {
  for (const bool classic_first : {false, true}) {
    std::vector<RecipientPtr> recipients{Fake("mlkem", {"postquantum"}), Fake("classic")};
    if (classic_first) std::swap(recipients[0], recipients[1]);
    const auto mixed = Encrypt("", recipients);
    ASSERT_EQ(FailureOf(mixed), Code::kInvalid);
    EXPECT_EQ(mixed.error().what, "post-quantum and classic recipients do not mix");
    EXPECT_NE(mixed.error().hint.find("'fake1classic'"), std::string::npos) << mixed.error().hint;
  }
}

TEST(Encryption, WritesNoHeaderThatWouldNotBeRead) {
  EXPECT_TRUE(Encrypt("", {Fake("a", {}, kMaxStanzas)}));
  EXPECT_EQ(FailureOf(Encrypt("", {Fake("a", {}, kMaxStanzas + 1)})), Code::kTooLarge);
  const std::string long_type(1500, 'a');
  EXPECT_EQ(FailureOf(Encrypt("", {Fake(long_type, {}, kMaxStanzas)})), Code::kTooLarge);
}

TEST(Encryption, AuthenticatesTheHeader) {
  auto file = Encrypt("text", {Fake("fake", {}, 2)});
  ASSERT_TRUE(file);
  const auto file_key = ParseHeader(*file)->stanzas[0].body;
  const auto knows = std::vector<IdentityPtr>{
      std::make_shared<FakeIdentity>(std::string(AsText(ByteView(file_key))))};
  EXPECT_EQ(Decrypt(*file, knows).plaintext, "text");
  file->replace(file->find("-> fake"), 7, "-> fakf");
  EXPECT_EQ(FailureOf(Decrypt(*file, knows)), Code::kMac);
}

TEST(Encryption, IsTruncatedWithoutFinish) {
  MemorySink sink;
  const std::vector recipients{RecipientOf(Key('a'))};
  auto encryption = Encryption::Begin(sink, recipients).value();
  ASSERT_TRUE(encryption.Write(AsBytes(TestPlaintext(2 * kChunkBytes))));
  EXPECT_EQ(FailureOf(Decrypt(AsText(sink.bytes()), std::vector{Key('a')})), Code::kPayload);
}

TEST(RecipientsMark, TellsASetOfRecipients) {
  const std::vector ab{RecipientOf(Key('a')), RecipientOf(Key('b'))};
  const std::vector baa{ab[1], ab[0], ab[0]};
  const std::vector a{ab[0]};
  const std::vector abc{ab[0], ab[1], RecipientOf(Key('c'))};
  const auto file = Encrypt("text", ab, {.marked = true});
  ASSERT_TRUE(file);
  EXPECT_EQ(OpenedWith(Key('b'), *file), "text");
  const Header header = ParseHeader(*file).value();
  const auto file_key = Key('a')->Unwrap(header.stanzas).value();
  const auto marks = [&](std::span<const RecipientPtr> recipients) {
    return HasRecipientsMark(header.stanzas, file_key, recipients).value();
  };
  EXPECT_TRUE(marks(ab));
  EXPECT_TRUE(marks(baa));
  EXPECT_FALSE(marks(a));
  EXPECT_FALSE(marks(abc));
  EXPECT_FALSE(HasRecipientsMark(header.stanzas, Secret("another file key"), ab).value());
}

TEST(RecipientsMark, ADecryptionTellsIt) {
  const std::vector a{RecipientOf(Key('a'))};
  const std::vector b{RecipientOf(Key('b'))};
  for (const bool armored : {false, true}) {
    const auto file = Encrypt("text", a, {.armored = armored, .marked = true});
    MemorySource in(AsBytes(*file));
    const auto decryption = Decryption::Open(in, std::vector{Key('a')});
    ASSERT_TRUE(decryption);
    EXPECT_EQ(decryption->armored(), armored);
    EXPECT_TRUE(decryption->IsMarkedFor(a).value());
    EXPECT_FALSE(decryption->IsMarkedFor(b).value());
  }
  const auto unmarked = Encrypt("text", a);
  MemorySource in(AsBytes(*unmarked));
  EXPECT_FALSE(Decryption::Open(in, std::vector{Key('a')})->IsMarkedFor(a).value());
}

TEST(RecipientsMark, IsNotThereUnlessAskedFor) {
  const std::vector a{RecipientOf(Key('a'))};
  const auto file = Encrypt("text", a);
  const Header header = ParseHeader(*file).value();
  EXPECT_EQ(header.stanzas.size(), 1U);
  const auto file_key = Key('a')->Unwrap(header.stanzas).value();
  EXPECT_FALSE(HasRecipientsMark(header.stanzas, file_key, a).value());
}

TEST(RecipientsMark, IsNotBesideAPassphrase) {
  const auto file = Encrypt("text", {Fake("scrypt", {"random"})}, {.marked = true});
  EXPECT_EQ(ParseHeader(*file)->stanzas.size(), 1U);
}

TEST(X25519Recipient, IsSpeltAsAgeKeygenDoes) {
  const std::string text = Fixture("x25519.txt");
  const size_t at = text.find("age1");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(RecipientOf(Identities("x25519.txt").front())->Text(), text.substr(at, 62));
}

TEST(X25519Recipient, RefusesWhatNobodyCanOpen) {
  EXPECT_EQ(FailureOf(MakeX25519Recipient(Bytes(31))), Code::kInvalid);
  EXPECT_EQ(FailureOf(MakeX25519Recipient(Bytes(33))), Code::kInvalid);
  EXPECT_EQ(FailureOf(Encrypt("", {MakeX25519Recipient(Bytes(32)).value()})), Code::kInvalid);
}

}  // namespace
}  // namespace secretfs::age
