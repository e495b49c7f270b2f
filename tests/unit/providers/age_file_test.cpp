#include "providers/age_file.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "providers/identity_store.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

const std::string kFixtures = std::string(TEST_DATA) + "/crypto/";

IdentityConfig AtPath(std::string path) {
  return {{std::move(path), "", {"config.yaml", 1, 1}}, {}};
}
IdentityConfig Credential(std::string name) {
  return {{"", std::move(name), {"config.yaml", 1, 1}}, {}};
}

std::string Copy(const std::string& fixture, const std::string& to) {
  const Bytes bytes = ReadFile(kFixtures + fixture, 1U << 20U).value();
  EXPECT_TRUE(ReplaceFile(to, bytes, 0600));
  return to;
}

using IdentityStorePtr = std::shared_ptr<IdentityStore>;

IdentityStorePtr Store(const std::vector<IdentityConfig>& configs, const std::string& credentials) {
  return std::make_shared<IdentityStore>(configs, credentials, nullptr);
}

class AgeFileTest : public testing::Test {
 protected:
  static Result<Value> Fetch(const IdentityStorePtr& identities, const std::string& file) {
    return MakeAgeFileProvider(identities)->Fetch(file, {}, {});
  }
  static std::string Plaintext() {
    return std::string(AsText(ReadFile(kFixtures + "plaintext", 1U << 20U).value()));
  }
  testkit::TempDir folder_;
};

TEST_F(AgeFileTest, DecryptsWithTheIdentityThatFitsAndKeepsTheFilesTime) {
  const auto identities =
      Store({AtPath(kFixtures + "ssh_ed25519"), AtPath(kFixtures + "x25519.txt")}, "");
  const auto value = Fetch(identities, kFixtures + "x25519.age");
  ASSERT_TRUE(value) << value.error().Text();
  EXPECT_EQ(AsText(value->bytes.Expose()), Plaintext());
  EXPECT_EQ(value->modified, StampOf(kFixtures + "x25519.age")->modified);
}

TEST_F(AgeFileTest, ABadIdentityIsAProblemToTellAndNoMore) {
  const std::string garbage = folder_.path() + "/garbage";
  ASSERT_TRUE(ReplaceFile(garbage, AsBytes("hunter2\n"), 0600));
  const auto identities = Store(
      {AtPath(folder_.path() + "/missing"), AtPath(garbage), AtPath(kFixtures + "x25519.txt")}, "");
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  const auto problems = identities->Get().problems;
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].code, Code::kNotFound);
  EXPECT_EQ(problems[1].Text().find("hunter2"), std::string::npos);
}

TEST_F(AgeFileTest, ABadLineLeavesTheOthersOfItsFile) {
  const std::string file = Copy("x25519.txt", folder_.path() + "/identity");
  Bytes text = ReadFile(file, 1U << 20U).value();
  for (const char c : std::string_view("hunter2\n")) text.push_back(static_cast<std::byte>(c));
  ASSERT_TRUE(ReplaceFile(file, text, 0600));
  const auto identities = Store({AtPath(file)}, "");
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  ASSERT_EQ(identities->Get().problems.size(), 1U);
  EXPECT_EQ(identities->Get().problems[0].what, "not an identity");
}

TEST_F(AgeFileTest, NoMatchSaysWhichIdentitiesCouldNotBeTried) {
  const auto identities =
      Store({AtPath(folder_.path() + "/missing"), AtPath(kFixtures + "ssh_ed25519")}, "");
  const auto value = Fetch(identities, kFixtures + "x25519.age");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kNoMatch);
  EXPECT_EQ(value.error().where, kFixtures + "x25519.age");
  EXPECT_NE(value.error().what.find("identity not tried: " + folder_.path() + "/missing"),
            std::string::npos);
}

TEST_F(AgeFileTest, WithoutIdentitiesTheConfigurationIsToMend) {
  const auto identities = Store({}, "");
  const auto value = Fetch(identities, kFixtures + "x25519.age");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().hint, "the configuration has no `identities`");
}

TEST_F(AgeFileTest, AnIdentityThatAppearsLaterIsUsed) {
  const std::string late = folder_.path() + "/late.txt";
  const auto identities = Store({AtPath(late)}, "");
  EXPECT_FALSE(Fetch(identities, kFixtures + "x25519.age"));
  Copy("x25519.txt", late);
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  EXPECT_TRUE(identities->Get().problems.empty());
}

TEST_F(AgeFileTest, AnIdentityThatChangesIsReadAgain) {
  const std::string file = Copy("ssh_ed25519", folder_.path() + "/identity");
  const auto identities = Store({AtPath(file)}, "");
  EXPECT_TRUE(Fetch(identities, kFixtures + "ssh_ed25519.age"));
  EXPECT_FALSE(Fetch(identities, kFixtures + "x25519.age"));
  Copy("x25519.txt", file);
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  EXPECT_FALSE(Fetch(identities, kFixtures + "ssh_ed25519.age"));
}

TEST_F(AgeFileTest, AnIdentityWhoseDiskGoesAwayStaysInUse) {
  const std::string file = Copy("x25519.txt", folder_.path() + "/identity");
  const auto identities = Store({AtPath(file)}, "");
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  ASSERT_EQ(unlink(file.c_str()), 0);
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
}

TEST_F(AgeFileTest, CredentialsComeFromTheirDirectory) {
  Copy("x25519.txt", folder_.path() + "/identity");
  const auto given = Store({Credential("identity")}, folder_.path());
  EXPECT_TRUE(Fetch(given, kFixtures + "x25519.age"));
  const auto missing = Store({Credential("identity")}, "");
  EXPECT_FALSE(Fetch(missing, kFixtures + "x25519.age"));
  ASSERT_EQ(missing->Get().problems.size(), 1U);
  EXPECT_EQ(missing->Get().problems[0].hint, "add LoadCredential=identity:PATH to the unit");
}

TEST_F(AgeFileTest, FailuresNameTheFile) {
  const auto identities = Store({AtPath(kFixtures + "x25519.txt")}, "");
  const std::string cut = folder_.path() + "/cut.age";
  const Bytes whole = ReadFile(kFixtures + "x25519.age", 1U << 20U).value();
  ASSERT_TRUE(ReplaceFile(cut, ByteView(whole).first(whole.size() - 1), 0600));
  const auto value = Fetch(identities, cut);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kPayload);
  EXPECT_EQ(value.error().where, cut);
  EXPECT_EQ(Fetch(identities, folder_.path()).error().code, Code::kInvalid) << "a directory";
}

}  // namespace
}  // namespace secretfs
