#include "crypto/age.h"

#include <thread>

#include "base/secret_heap.h"
#include "crypto/age_file.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

std::vector<IdentityPtr> KnowsTheFileKey() {
  return {std::make_shared<FakeIdentity>(kTestFileKey)};
}

Result<SecretBytes> DecryptWhole(std::string_view file, size_t max_size = size_t{1} << 20) {
  MemorySource in(AsBytes(file));
  return DecryptAll(in, KnowsTheFileKey(), max_size);
}

TEST(Age, OpensFilesOfTheRealAge) {
  for (const char* name : {"x25519.age", "x25519_armored.age", "several.age"}) {
    const Outcome outcome = Decrypt(Fixture(name), Identities("x25519.txt"));
    EXPECT_FALSE(outcome.error) << name;
    EXPECT_EQ(outcome.plaintext, Fixture("plaintext")) << name;
  }
}

TEST(Age, RejectsEveryAlteredByte) {
  const auto identities = Identities("x25519.txt");
  for (const char* name : {"x25519.age", "several.age"}) {
    const std::string file = Fixture(name);
    for (size_t i = 0; i < file.size(); ++i) {
      for (const char change : {'\x01', '\x20', '\x80'}) {
        std::string altered = file;
        altered[i] = static_cast<char>(altered[i] ^ change);
        const Outcome outcome = Decrypt(altered, identities);
        EXPECT_TRUE(outcome.error) << name << " " << i;
        EXPECT_EQ(outcome.plaintext, "") << name << " " << i;
      }
    }
  }
}

TEST(Age, RejectsEveryTruncation) {
  const auto identities = Identities("x25519.txt");
  for (const char* name : {"x25519.age", "x25519_armored.age", "several.age"}) {
    const std::string file = Fixture(name);
    // Armor does not need the end of its last line.
    const size_t shortest = file.back() == '\n' ? file.size() - 1 : file.size();
    for (size_t size = 0; size < shortest; ++size) {
      const Outcome outcome = Decrypt(file.substr(0, size), identities);
      EXPECT_TRUE(outcome.error) << name << " " << size;
      EXPECT_EQ(outcome.plaintext, "") << name << " " << size;
    }
  }
}

TEST(Age, RejectsEveryContinuation) {
  const auto identities = Identities("x25519.txt");
  EXPECT_EQ(FailureOf(Decrypt(Fixture("x25519.age") + "\n", identities)), Code::kPayload);
  EXPECT_EQ(FailureOf(Decrypt(Fixture("x25519_armored.age") + "x", identities)), Code::kArmor);
}

TEST(Age, GivesTheSameFromAnySource) {
  const auto identities = Identities("x25519.txt");
  for (const char* name : {"x25519.age", "x25519_armored.age"}) {
    const std::string file = Fixture(name);
    for (const size_t step : {1U, 2U, 17U, 100U}) {
      DribbleSource in(AsBytes(file), step);
      EXPECT_EQ(Decrypt(in, identities).plaintext, Fixture("plaintext")) << name << " " << step;
    }
  }
}

TEST(Age, DecryptsEverySizeAroundChunks) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{3900}, size_t{4096}, kChunkBytes - 1,
                            kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes, 2 * kChunkBytes + 1}) {
    const std::string plaintext = TestPlaintext(size);
    EXPECT_TRUE(ToText(DecryptWhole(WriteFile({GreaseStanza()}, plaintext)).value()) == plaintext)
        << size;
  }
}

TEST(Age, ChecksTheMacBeforeThePayload) {
  std::string file = WriteFile({GreaseStanza()}, "text");
  file.replace(file.find("argument"), 8, "ARGUMENT");
  EXPECT_EQ(FailureOf(DecryptWhole(file)), Code::kMac);
}

TEST(Age, ChecksTheMacWithTheFileKey) {
  const std::vector<IdentityPtr> wrong{std::make_shared<FakeIdentity>("another file key")};
  EXPECT_EQ(FailureOf(Decrypt(WriteFile({GreaseStanza()}, "text"), wrong)), Code::kMac);
}

TEST(Age, RejectsAFileKeyOfAnotherSizeWhateverTheIdentity) {
  for (const char* file_key : {"", "15 bytes long..", "17 bytes long...."}) {
    const std::vector<IdentityPtr> identities{std::make_shared<FakeIdentity>(file_key)};
    EXPECT_EQ(FailureOf(Decrypt(WriteFile({GreaseStanza()}, "text"), identities)), Code::kHeader);
  }
}

TEST(Age, AStanzaThatLooksLikeArmorIsNone) {
  const Stanza stanza{"-----BEGIN", {"AGE", "ENCRYPTED", "FILE-----"}, {}};
  EXPECT_EQ(ToText(DecryptWhole(WriteFile({stanza}, "text")).value()), "text");
}

TEST(Age, AMissingNonceIsAHeaderFailure) {
  const std::string header = WriteHeader({GreaseStanza()});
  EXPECT_EQ(FailureOf(DecryptWhole(header)), Code::kHeader);
  EXPECT_EQ(FailureOf(DecryptWhole(header + std::string(kTestNonce.substr(1)))), Code::kHeader);
  EXPECT_EQ(FailureOf(DecryptWhole(header + std::string(kTestNonce))), Code::kPayload);
}

TEST(Age, ReadsHeadersOfAnySizeUpToTheLimit) {
  for (const size_t size : {4000U, 4096U, 4097U, 8192U, 100'000U, 1'000'000U}) {
    const Stanza large{"large", {}, Bytes(size / 4 * 3)};
    EXPECT_EQ(ToText(DecryptWhole(WriteFile({large}, "text")).value()), "text") << size;
  }
  const Stanza too_large{"large", {}, Bytes(kMaxHeaderBytes)};
  EXPECT_EQ(FailureOf(DecryptWhole(WriteFile({too_large}, "text"))), Code::kHeader);
}

TEST(Age, StopsReadingAHeaderThatDoesNotEnd) {
  const std::string endless = "age-encryption.org/v1\n-> a " + std::string(8U << 20U, 'x');
  EXPECT_EQ(FailureOf(DecryptWhole(endless)), Code::kHeader);
}

TEST(Age, TellsWhatTheFileIsForAndWhyNoIdentityFits) {
  auto identities = Identities("ssh_ed25519");
  identities.push_back(Identities("ed25519_pkcs8.pem")[0]);
  const Outcome outcome = Decrypt(Fixture("x25519.age"), identities);
  ASSERT_EQ(FailureOf(outcome), Code::kNoMatch);
  EXPECT_EQ(outcome.error->what, "no identity matched; the file is encrypted to: X25519");
  EXPECT_EQ(outcome.error->hint,
            "tried " + identities[0]->Describe() + " (the file has no ssh-ed25519 stanza); " +
                identities[1]->Describe() +
                " (the file has no ssh-ed25519 stanza); encrypt the file to one of these, or add "
                "its identity");
  EXPECT_EQ(Decrypt(Fixture("x25519.age"), {}).error->hint, "no identity was given");
}

TEST(Age, CutsLongStanzaTypesInMessages) {
  const std::string file = WriteFile({{std::string(5000, 'x'), {}, {}}}, "text");
  const Outcome outcome = Decrypt(file, Identities("x25519.txt"));
  ASSERT_EQ(FailureOf(outcome), Code::kNoMatch);
  EXPECT_LT(outcome.error->what.size(), 200U);
}

TEST(Age, ADamagedStanzaIsFinalEvenIfALaterIdentityFits) {
  Stanza broken{"X25519", {"AAAA"}, Bytes(32)};
  auto identities = Identities("x25519.txt");
  identities.push_back(KnowsTheFileKey()[0]);
  EXPECT_EQ(FailureOf(Decrypt(WriteFile({broken}, "text"), identities)), Code::kHeader);
}

TEST(Age, DecryptAllGivesNothingBeyondTheLimit) {
  const std::string plaintext = TestPlaintext(kChunkBytes + 10);
  const std::string file = WriteFile({GreaseStanza()}, plaintext);
  EXPECT_EQ(DecryptWhole(file, plaintext.size())->size(), plaintext.size());
  EXPECT_EQ(FailureOf(DecryptWhole(file, plaintext.size() - 1)), Code::kTooLarge);
  EXPECT_EQ(FailureOf(DecryptWhole(file, 0)), Code::kTooLarge);
  EXPECT_EQ(DecryptWhole(WriteFile({GreaseStanza()}, ""), 0)->size(), 0U);
}

TEST(Age, DecryptAllGivesNothingOfADamagedFile) {
  std::string file = WriteFile({GreaseStanza()}, TestPlaintext(2 * kChunkBytes));
  file.back() ^= 1;
  EXPECT_EQ(FailureOf(DecryptWhole(file)), Code::kPayload);
}

TEST(Age, GivesItsLockedMemoryBack) {
  const std::string file = WriteFile({GreaseStanza()}, TestPlaintext(3 * kChunkBytes));
  ASSERT_TRUE(DecryptWhole(file));  // whatever the libraries keep for good
  const size_t before = secret_heap::GetStats().blocks;
  { EXPECT_TRUE(DecryptWhole(file).has_value()); }
  EXPECT_EQ(FailureOf(DecryptWhole(file.substr(0, file.size() - 1))), Code::kPayload);
  EXPECT_EQ(FailureOf(DecryptWhole(file, 1)), Code::kTooLarge);
  EXPECT_EQ(secret_heap::GetStats().blocks, before);
}

TEST(Age, ASmallFileTakesNoMappingOfItsOwn) {
  const std::string file = WriteFile({GreaseStanza()}, "a small secret");
  ASSERT_TRUE(DecryptWhole(file));
  const size_t before = secret_heap::GetStats().mappings;
  MemorySource in(AsBytes(file));
  auto decryption = Decryption::Open(in, KnowsTheFileKey()).value();
  ASSERT_FALSE(decryption.Next()->empty());
  EXPECT_EQ(secret_heap::GetStats().mappings, before);
}

TEST(Age, ADecryptionMayBeMoved) {
  const std::string file = WriteFile({GreaseStanza()}, TestPlaintext(kChunkBytes + 1));
  MemorySource in(AsBytes(file));
  auto first = Decryption::Open(in, KnowsTheFileKey()).value();
  EXPECT_EQ(first.Next()->size(), kChunkBytes);
  Decryption second = std::move(first);
  EXPECT_EQ(second.Next()->size(), 1U);
}

TEST(Age, IdentitiesAreSharedByThreads) {
  auto identities = Identities("ssh_rsa");
  identities.push_back(Identities("ssh_ed25519")[0]);
  identities.push_back(Identities("x25519.txt")[0]);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (const char* name : {"ssh_rsa.age", "ssh_ed25519.age", "several.age", "x25519.age"}) {
        EXPECT_EQ(Decrypt(Fixture(name), identities).plaintext, Fixture("plaintext")) << name;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(AgeFile, ShowsTheHeaderWithoutAKey) {
  for (const char* name : {"x25519.age", "x25519_armored.age"}) {
    const std::string text = Fixture(name);
    MemorySource in(AsBytes(text));
    const auto file = AgeFile::Open(in).value();
    EXPECT_EQ(file->armored(), std::string_view(name) == "x25519_armored.age");
    ASSERT_EQ(file->header().stanzas.size(), 1U);
    EXPECT_EQ(file->header().stanzas[0].type, "X25519");
    EXPECT_EQ(file->header_text(), PrintHeader(file->header()));
  }
}

TEST(AgeFile, IsAHeaderFailureWithoutHeader) {
  for (const std::string text :
       {"", " ", "text", "age-encryption.org/v1\n", "\nage-encryption.org/v1\n"}) {
    MemorySource in(AsBytes(text));
    EXPECT_EQ(FailureOf(AgeFile::Open(in)), Code::kHeader) << text;
  }
}

}  // namespace
}  // namespace secretfs::age
