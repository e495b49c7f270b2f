#include "providers/age_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "crypto/encryption.h"
#include "providers/identity_store.h"
#include "tests/testkit/lockable_memory.h"
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
  auto store = std::make_shared<IdentityStore>(credentials);
  store->Use(configs, nullptr);
  return store;
}

class AgeFileTest : public testing::Test {
 protected:
  static Result<Value> Fetch(const IdentityStorePtr& identities, const std::string& file) {
    return MakeAgeFileProvider(identities)->Fetch({file}, {}, {});
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

TEST_F(AgeFileTest, WhatIsNotThereMayCome) {
  const auto identities = Store({AtPath(kFixtures + "x25519.txt")}, "");
  EXPECT_TRUE(Fetch(identities, folder_.path() + "/never.age").error().may_come);
  EXPECT_TRUE(Fetch(identities, folder_.path() + "/never/mounted/x.age").error().may_come);
}

TEST_F(AgeFileTest, WhatIsBrokenDoesNotCome) {
  const auto identities = Store({AtPath(kFixtures + "x25519.txt")}, "");
  const auto broken = Fetch(identities, kFixtures + "plaintext");
  ASSERT_FALSE(broken);
  EXPECT_FALSE(broken.error().may_come);
  EXPECT_FALSE(Fetch(identities, folder_.path()).error().may_come);
}

TEST_F(AgeFileTest, NoMatchMayPassWhenAMissingIdentityAppears) {
  const std::string age = kFixtures + "x25519.age";
  const auto no_match = [&](const std::vector<IdentityConfig>& configs) {
    const auto value = Fetch(Store(configs, ""), age);
    EXPECT_EQ(value.error().code, Code::kNoMatch);
    return value.error().may_come;
  };
  EXPECT_TRUE(no_match({AtPath(folder_.path() + "/later"), AtPath(kFixtures + "ssh_ed25519")}));
  EXPECT_FALSE(no_match({AtPath(kFixtures + "ssh_ed25519")})) << "all identities are there";
  EXPECT_FALSE(no_match({Credential("never")})) << "systemd gives credentials at the start only";
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

TEST_F(AgeFileTest, AnIdentityThatCannotBeReadForAMomentStaysInUse) {
  const std::string file = Copy("x25519.txt", folder_.path() + "/identity");
  const auto identities = Store({AtPath(file)}, "");
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  ASSERT_EQ(unlink(file.c_str()), 0);
  ASSERT_EQ(symlink("/proc/self/mem", file.c_str()), 0);  // reading it fails with EIO
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  const auto problems = identities->Get().problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, Code::kIo);
}

TEST_F(AgeFileTest, AnIdentityThatDidNotFitIntoMemoryIsTriedAgain) {
  Bytes text = ReadFile(kFixtures + "x25519.txt", 1U << 20U).value();
  text.resize(2U << 20U, static_cast<std::byte>('\n'));
  const std::string file = folder_.path() + "/identity";
  ASSERT_TRUE(ReplaceFile(file, text, 0600));
  const auto identities = Store({AtPath(file)}, "");
  const bool ran = testkit::WithoutLockableMemory([&] {
    const auto problems = identities->Get().problems;
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].code, Code::kResource);
  });
  if (!ran) GTEST_SKIP() << "memory is never refused here";
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
}

/// Runs `body` with so many descriptors left.
template <class Body>
void WithDescriptorsLeft(unsigned left, const Body& body) {
  std::vector<UniqueFd> lowest;
  for (unsigned i = 0; i <= left; ++i)
    lowest.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(lowest.back().get());
  lowest.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  body();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(AgeFileTest, WhatFailsForWantOfDescriptorsMayStillCome) {
  const auto identities = Store({AtPath(kFixtures + "x25519.txt")}, "");
  WithDescriptorsLeft(0, [&] {
    const auto value = Fetch(identities, kFixtures + "x25519.age");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, Code::kResource);
    EXPECT_TRUE(value.error().may_come);
  });
  WithDescriptorsLeft(1, [&] {
    const auto value = Fetch(identities, kFixtures + "x25519.age");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, Code::kNoMatch) << "the identity";
    EXPECT_TRUE(value.error().may_come);
  });
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
}

TEST_F(AgeFileTest, AnIdentityThatWasSomethingElseInBetweenIsReadAgain) {
  const std::string file = Copy("x25519.txt", folder_.path() + "/identity");
  const std::string aside = folder_.path() + "/aside";
  const auto identities = Store({AtPath(file)}, "");
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age"));
  ASSERT_EQ(rename(file.c_str(), aside.c_str()), 0);
  ASSERT_EQ(mkdir(file.c_str(), 0700), 0);
  EXPECT_FALSE(Fetch(identities, kFixtures + "x25519.age"));
  ASSERT_EQ(rmdir(file.c_str()), 0);
  ASSERT_EQ(rename(aside.c_str(), file.c_str()), 0);
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

TEST_F(AgeFileTest, AnEmptyCredentialIsAMissingIdentity) {
  ASSERT_TRUE(ReplaceFile(folder_ / "empty", AsBytes(""), 0600));
  const auto identities =
      Store({Credential("empty"), AtPath(kFixtures + "x25519.txt")}, folder_.path());
  EXPECT_TRUE(Fetch(identities, kFixtures + "x25519.age")) << "another one opens it";
  const auto problems = identities->Get().problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, Code::kNotFound);
  EXPECT_EQ(problems[0].Text(),
            folder_ / "empty" + ": the credential is empty: there is no identity");
  const auto none = Fetch(Store({Credential("empty")}, folder_.path()), kFixtures + "x25519.age");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::kNoMatch);
  EXPECT_FALSE(none.error().may_come) << "systemd gives credentials at the start only";
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

class LargeAgeFileTest : public AgeFileTest {
 protected:
  /// Bytes that differ from chunk to chunk.
  static std::string Text(size_t size) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; i += 4096) text[i] = static_cast<char>('a' + i / 4096 % 23);
    return text;
  }
  std::string Encrypt(const std::string& plaintext, const age::EncryptionOptions& options = {}) {
    age::MemorySink sealed;
    const auto recipient = identities_->Get().identities.at(0)->ToRecipient().value();
    EXPECT_TRUE(age::EncryptAll(AsBytes(plaintext), std::vector{recipient}, options, sealed));
    return folder_.Write("large.age", AsText(sealed.bytes()));
  }
  static Result<std::string> Read(const Value& value, uint64_t offset, size_t size) {
    std::string text(size, '?');
    TRY(value.content->ReadAt(offset, std::as_writable_bytes(std::span(text))));
    return text;
  }
  const IdentityStorePtr identities_ = Store({AtPath(kFixtures + "x25519.txt")}, "");
};

TEST_F(LargeAgeFileTest, IsHeldInMemoryUpToTheLimitAndReadByOffsetBeyond) {
  const std::string most = Text(kMaxValueBytes);
  const auto held = Fetch(identities_, Encrypt(most));
  ASSERT_TRUE(held);
  EXPECT_FALSE(held->content);
  EXPECT_TRUE(AsText(held->bytes.Expose()) == most);
  const std::string more = most + "more";
  const std::string file = Encrypt(more);
  const auto value = Fetch(identities_, file);
  ASSERT_TRUE(value && value->content);
  EXPECT_TRUE(value->bytes.empty());
  EXPECT_EQ(value->size(), more.size());
  EXPECT_EQ(value->modified, StampOf(file)->modified);
  EXPECT_EQ(*Read(*value, kMaxValueBytes - 1, 5), more.substr(kMaxValueBytes - 1));
  EXPECT_TRUE(*Read(*value, 100'000, 200'000) == more.substr(100'000, 200'000));
}

TEST_F(LargeAgeFileTest, ArmoredItMustFitIntoMemory) {
  const age::EncryptionOptions armored{.armored = true};
  const std::string fits = Text(kMaxValueBytes - 1000);  // its armor is larger than the limit
  const auto held = Fetch(identities_, Encrypt(fits, armored));
  ASSERT_TRUE(held) << held.error().Text();
  EXPECT_TRUE(AsText(held->bytes.Expose()) == fits);
  const std::string file = Encrypt(Text(kMaxValueBytes + 1), armored);
  const auto too_large = Fetch(identities_, file);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Code::kTooLarge);
  EXPECT_EQ(too_large.error().where, file);
  EXPECT_EQ(too_large.error().hint, "store it without armor: then it may be larger");
}

TEST_F(LargeAgeFileTest, DamageIsFoundWhereItIs) {
  const std::string file = Encrypt(Text(kMaxValueBytes + 10));
  std::string sealed = testkit::TempDir::Read(file);
  sealed[sealed.size() / 2] ^= 1;
  const auto value = Fetch(identities_, folder_.Write("large.age", sealed)).value();
  const auto damaged = Read(value, kMaxValueBytes / 2 - 1000, 100);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::kPayload);
  EXPECT_EQ(damaged.error().where, file);
  EXPECT_TRUE(Read(value, 0, 100));
  const auto truncated =
      Fetch(identities_, folder_.Write("large.age", sealed.substr(0, sealed.size() - 1)));
  ASSERT_FALSE(truncated);
  EXPECT_EQ(truncated.error().code, Code::kPayload);
  EXPECT_EQ(truncated.error().where, file);
}

TEST_F(LargeAgeFileTest, SaysWhichIdentitiesDoNotOpenIt) {
  const std::string file = Encrypt(Text(kMaxValueBytes + 10));
  const auto others = Store({AtPath(kFixtures + "ssh_ed25519")}, "");
  const auto value = Fetch(others, file);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kNoMatch);
  EXPECT_EQ(value.error().where, file);
}

}  // namespace
}  // namespace secretfs
