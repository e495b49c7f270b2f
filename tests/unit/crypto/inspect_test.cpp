#include "crypto/inspect.h"

#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

Result<Inspection> InspectText(std::string_view file, size_t step = SIZE_MAX) {
  DribbleSource in(AsBytes(file), step);
  return Inspect(in);
}

Stanza Of(const std::string& type) { return {type, {"argument"}, {}}; }

TEST(Inspect, SizesAddUpAtEveryBoundaryOfChunks) {
  for (const size_t size : {size_t{0}, size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1,
                            2 * kChunkBytes, 3 * kChunkBytes + 5}) {
    const std::string file = WriteFile({GreaseStanza()}, TestPlaintext(size));
    const auto found = InspectText(file, 1000);
    ASSERT_TRUE(found) << size;
    EXPECT_EQ(found->sizes.payload, size);
    const size_t chunks = size == 0 ? 1 : (size + kChunkBytes - 1) / kChunkBytes;
    EXPECT_EQ(found->sizes.overhead, 16 + chunks * kChunkTagBytes);
    EXPECT_EQ(found->sizes.header, file.find(kTestNonce));
    EXPECT_EQ(found->sizes.armor, 0U);
    EXPECT_EQ(found->sizes.total(), file.size());
  }
}

TEST(Inspect, CountsWhatTheArmorAdds) {
  const std::string file = "\n \n" + Fixture("x25519_armored.age") + "\n\n";
  const auto found = InspectText(file, 7);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->armored);
  EXPECT_EQ(found->sizes.payload, Fixture("plaintext").size());
  EXPECT_GT(found->sizes.armor, 70U);
  EXPECT_EQ(found->sizes.total(), file.size());
}

TEST(Inspect, JudgesPostQuantumByTheWeakestStanza) {
  const auto judged = [](std::vector<Stanza> stanzas) {
    return InspectText(WriteFile(std::move(stanzas), "x"))->post_quantum;
  };
  EXPECT_EQ(judged({Of("X25519")}), PostQuantum::kNo);
  EXPECT_EQ(judged({Of("mlkem768x25519")}), PostQuantum::kYes);
  EXPECT_EQ(judged({Of("mlkem768x25519"), Of("ssh-rsa")}), PostQuantum::kNo);
  EXPECT_EQ(judged({Of("ssh-ed25519"), Of("mlkem768x25519")}), PostQuantum::kNo);
  EXPECT_EQ(judged({Of("scrypt")}), PostQuantum::kYes);
  EXPECT_EQ(judged({Of("something")}), PostQuantum::kUnknown);
  EXPECT_EQ(judged({Of("something"), Of("mlkem768p256tag")}), PostQuantum::kYes);
}

TEST(Inspect, RefusesWhatADecryptionWould) {
  const std::string file = WriteFile({GreaseStanza()}, "content");
  const size_t header = file.find(kTestNonce);
  EXPECT_EQ(FailureOf(InspectText("")), Code::kHeader);
  EXPECT_EQ(FailureOf(InspectText("no age file")), Code::kHeader);
  EXPECT_EQ(FailureOf(InspectText(file.substr(0, header + 15))), Code::kHeader);
  EXPECT_EQ(FailureOf(InspectText(file.substr(0, header + 16))), Code::kPayload);
  EXPECT_EQ(FailureOf(InspectText(file.substr(0, header + 31))), Code::kPayload);
  EXPECT_EQ(FailureOf(InspectText(WriteFile({Of("scrypt"), Of("X25519")}, "x"))), Code::kHeader);
  const std::string armored = Fixture("x25519_armored.age");
  EXPECT_EQ(FailureOf(InspectText(armored + "x")), Code::kArmor);
  EXPECT_EQ(FailureOf(InspectText(armored.substr(0, armored.size() / 2))), Code::kArmor);
}

TEST(Inspect, PassesTheErrorOfItsSourceOn) {
  DribbleSource in(AsBytes("age-encryption.org/v1\n"), 100, Code::kIo);
  EXPECT_EQ(FailureOf(Inspect(in)), Code::kIo);
}

TEST(Inspect, ReadsTheWorkFactorOfAPassphrase) {
  const auto factor = [](const std::string& text) {
    return WorkFactorOf({"scrypt", {"c2FsdA", text}, {}});
  };
  EXPECT_EQ(factor("18"), 18);
  for (const char* wrong : {"", "0", "018", "-1", "18x", "64", "99999999999"})
    EXPECT_EQ(factor(wrong), std::nullopt) << wrong;
  EXPECT_EQ(WorkFactorOf({"scrypt", {"18"}, {}}), std::nullopt);
  const auto found = InspectText(Fixture("passphrase.age"));
  EXPECT_TRUE(WorkFactorOf(found->header.stanzas.at(0)));
}

TEST(Inspect, KnowsSshKeysByTheirTag) {
  for (const std::string key : {"ssh_ed25519", "ssh_rsa"}) {
    const auto found = InspectText(Fixture(key + ".age"));
    ASSERT_TRUE(found);
    EXPECT_EQ(SshTagOf(Fixture(key + ".pub")), found->header.stanzas.at(0).args.at(0)) << key;
  }
  EXPECT_EQ(SshTagOf("age1xyz"), std::nullopt);
  EXPECT_EQ(SshTagOf("ssh-ed25519 !"), std::nullopt);
}

}  // namespace
}  // namespace secretfs::age
