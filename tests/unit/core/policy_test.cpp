#include "core/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_caller.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testkit::FakeAccounts;
using testkit::FakeCaller;

constexpr uid_t kAlice = 1000;
constexpr uid_t kBob = 1001;
constexpr gid_t kStaff = 50;
constexpr gid_t kWheel = 10;
constexpr gid_t kUsers = 100;

FakeAccounts SomeAccounts() {
  return {{{"alice", kAlice}, {"bob", kBob}}, {{"staff", kStaff}, {"wheel", kWheel}}};
}

Access AccessOf(const std::string& owner, const std::string& group, mode_t mode) {
  Access access;
  access.owner = {owner, std::nullopt};
  access.group = {group, std::nullopt};
  access.mode = mode;
  return access;
}

CallerRule Reader(CallerRule::Kind kind, const std::string& name) {
  return {kind,
          {name, std::nullopt},
          "",
          (kind == CallerRule::Kind::kUser ? "user:" : "group:") + name};
}
const CallerRule kUserBob = Reader(CallerRule::Kind::kUser, "bob");
const CallerRule kGroupWheel = Reader(CallerRule::Kind::kGroup, "wheel");

struct Case {
  const char* fact;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> supplementary;
  bool allow;
  const char* rule;
};

class PolicyTable : public testing::TestWithParam<Case> {};

TEST_P(PolicyTable, DecidesAsPosix) {
  const Case& c = GetParam();
  const FakeAccounts accounts = SomeAccounts();
  const Access access = AccessOf("alice", "staff", c.mode);  // a decision's rule lives in it
  const FakeCaller caller(c.uid, c.gid, c.supplementary);
  const Decision decision = CheckRead(access, caller, accounts);
  EXPECT_EQ(decision.allow, c.allow);
  EXPECT_EQ(decision.rule, c.rule);
}

INSTANTIATE_TEST_SUITE_P(
    Policy, PolicyTable,
    testing::Values(
        Case{"OwnerReads", 0400, kAlice, kUsers, {}, true, "owner"},
        Case{"StrangerDoesNot", 0400, kBob, kUsers, {}, false, "none"},
        Case{"OwnerClassDeniesAlone", 0044, kAlice, kStaff, {kStaff}, false, "none"},
        Case{"WriteBitIsNoReadBit", 0200, kAlice, kUsers, {}, false, "none"},
        Case{"ExecuteBitIsNoReadBit", 0111, kBob, kStaff, {}, false, "none"},
        Case{"EffectiveGroupReads", 0440, kBob, kStaff, {}, true, "group"},
        Case{"SupplementaryGroupReads", 0440, kBob, kUsers, {kWheel, kStaff}, true, "group"},
        Case{"OtherGroupDoesNot", 0440, kBob, kUsers, {kWheel}, false, "none"},
        Case{"GroupClassDeniesAlone", 0404, kBob, kStaff, {}, false, "none"},
        Case{"SupplementaryGroupDeniesAlone", 0404, kBob, kUsers, {kStaff}, false, "none"},
        Case{"OtherReads", 0404, kBob, kUsers, {}, true, "other"},
        Case{"OtherReadsWhatGroupReadsToo", 0444, kBob, kUsers, {}, true, "other"},
        Case{"OwnerWithoutBitIsNotSavedByOther", 0004, kAlice, kUsers, {}, false, "none"},
        Case{"RootReadsEverything", 0000, 0, 0, {}, true, "root"},
        Case{"RootReadsAsRootNotAsOther", 0444, 0, 0, {}, true, "root"},
        Case{"ModeZeroIsForNobody", 0000, kAlice, kStaff, {}, false, "none"}),
    [](const auto& test) { return std::string(test.param.fact); });

/// The same rules, written as plainly as POSIX has them, against every mode and many callers.
TEST(Policy, AgreesWithPosixForEveryMode) {
  const FakeAccounts accounts = SomeAccounts();
  for (mode_t mode = 0; mode <= 0777; ++mode) {
    const Access access = AccessOf("alice", "staff", mode);
    for (const uid_t uid : {kAlice, kBob}) {
      for (const gid_t gid : {kStaff, kUsers}) {
        for (const bool supplementary : {false, true}) {
          const FakeCaller caller(
              uid, gid, supplementary ? std::vector<gid_t>{kStaff} : std::vector<gid_t>{});
          mode_t bits = mode & 7U;
          if (gid == kStaff || supplementary) bits = mode >> 3U & 7U;
          if (uid == kAlice) bits = mode >> 6U & 7U;
          ASSERT_EQ(CheckRead(access, caller, accounts).allow, (bits & 4U) != 0)
              << std::oct << mode << " uid " << std::dec << uid << " gid " << gid;
        }
      }
    }
  }
}

TEST(Policy, ReadersReadAsWellAsTheMode) {
  const FakeAccounts accounts = SomeAccounts();
  Access access = AccessOf("alice", "staff", 0400);
  access.readers = {kUserBob, kGroupWheel};
  EXPECT_EQ(CheckRead(access, FakeCaller(kBob, kUsers), accounts).rule, "user:bob");
  EXPECT_EQ(CheckRead(access, FakeCaller(2000, kWheel), accounts).rule, "group:wheel");
  EXPECT_EQ(CheckRead(access, FakeCaller(2000, kUsers, {kWheel}), accounts).rule, "group:wheel");
  EXPECT_FALSE(CheckRead(access, FakeCaller(2000, kUsers), accounts).allow);
  EXPECT_EQ(CheckRead(access, FakeCaller(kBob, kWheel), accounts).rule, "user:bob")
      << "the first rule that fits is named";
  EXPECT_EQ(CheckRead(access, FakeCaller(kAlice, kWheel), accounts).rule, "owner");
}

TEST(Policy, ReadersHelpWhomTheOwnerClassDenies) {
  const FakeAccounts accounts = SomeAccounts();
  Access access = AccessOf("bob", "staff", 0040);
  access.readers = {kUserBob};
  const Decision decision = CheckRead(access, FakeCaller(kBob, kUsers), accounts);
  EXPECT_TRUE(decision.allow);
  EXPECT_EQ(decision.rule, "user:bob");
}

TEST(Policy, TheRuleLivesAsLongAsTheAccess) {
  const FakeAccounts accounts = SomeAccounts();
  Access access = AccessOf("alice", "staff", 0);
  access.readers = {kUserBob};
  const Decision decision = CheckRead(access, FakeCaller(kBob, kUsers), accounts);
  EXPECT_EQ(decision.rule.data(), access.readers[0].text.data()) << "points into something else";
}

TEST(Policy, NumbersNeedNoLookUp) {
  const FakeAccounts nobody;
  Access access;
  access.owner = Principal::Number(kAlice);
  access.group = Principal::Number(kStaff);
  access.mode = 0440;
  access.readers = {{CallerRule::Kind::kUser, Principal::Number(kBob), "", "user:1001"}};
  EXPECT_EQ(CheckRead(access, FakeCaller(kAlice, kUsers), nobody).rule, "owner");
  EXPECT_EQ(CheckRead(access, FakeCaller(2000, kStaff), nobody).rule, "group");
  EXPECT_EQ(CheckRead(access, FakeCaller(kBob, kUsers), nobody).rule, "user:1001");
  EXPECT_EQ(nobody.lookups(), 0);
}

TEST(Policy, WhileANameDoesNotExistOnlyRootReads) {
  const FakeAccounts accounts = SomeAccounts();
  const Access access = AccessOf("ghost", "phantoms", 0440);
  const Ownership ownership = OwnershipOf(access, accounts);
  EXPECT_EQ(ownership.uid, 0U);
  EXPECT_EQ(ownership.gid, 0U);
  EXPECT_FALSE(ownership.resolved);
  EXPECT_FALSE(CheckRead(access, FakeCaller(kAlice, kUsers), accounts).allow);
  EXPECT_FALSE(CheckRead(access, FakeCaller(kAlice, 0), accounts).allow) << "not root's group";
  const Access open_to_others = AccessOf("ghost", "phantoms", 0404);
  EXPECT_FALSE(CheckRead(open_to_others, FakeCaller(kAlice, kUsers), accounts).allow)
      << "he may be of the class that is shut out";
  EXPECT_EQ(CheckRead(access, FakeCaller(0, 0), accounts).rule, "root");
}

TEST(Policy, ANameCountsFromWhenItAppears) {
  FakeAccounts accounts = SomeAccounts();
  const Access access = AccessOf("late", "staff", 0400);
  EXPECT_FALSE(CheckRead(access, FakeCaller(3000, kUsers), accounts).allow);
  accounts.users["late"] = 3000;
  EXPECT_EQ(CheckRead(access, FakeCaller(3000, kUsers), accounts).rule, "owner");
  EXPECT_TRUE(OwnershipOf(access, accounts).resolved);
}

TEST(Policy, HalfResolvedIsNotResolved) {
  const FakeAccounts accounts = SomeAccounts();
  const Ownership user_only = OwnershipOf(AccessOf("alice", "phantoms", 0400), accounts);
  EXPECT_EQ(user_only.uid, kAlice);
  EXPECT_EQ(user_only.gid, 0U);
  EXPECT_FALSE(user_only.resolved);
  const Ownership group_only = OwnershipOf(AccessOf("ghost", "staff", 0400), accounts);
  EXPECT_EQ(group_only.uid, 0U);
  EXPECT_EQ(group_only.gid, kStaff);
  EXPECT_FALSE(group_only.resolved);
}

TEST(Policy, AReaderThatDoesNotExistLetsNobodyIn) {
  const FakeAccounts accounts = SomeAccounts();
  Access access = AccessOf("alice", "staff", 0400);
  access.readers = {Reader(CallerRule::Kind::kUser, "ghost"),
                    Reader(CallerRule::Kind::kGroup, "phantoms")};
  for (const FakeCaller& caller : {FakeCaller(kBob, 0, {0}), FakeCaller(65534, 65534)}) {
    EXPECT_FALSE(CheckRead(access, caller, accounts).allow);
  }
}

TEST(Policy, AUsersNameIsNotAGroupsName) {
  FakeAccounts accounts = SomeAccounts();
  accounts.groups["bob"] = 4000;
  Access access = AccessOf("alice", "staff", 0400);
  access.readers = {Reader(CallerRule::Kind::kGroup, "bob")};
  EXPECT_FALSE(CheckRead(access, FakeCaller(kBob, kUsers), accounts).allow);
  EXPECT_TRUE(CheckRead(access, FakeCaller(9, 4000), accounts).allow);
}

TEST(Policy, AsksForGroupsOnlyWhenTheyMatter) {
  const FakeAccounts accounts = SomeAccounts();
  const auto asked = [&](mode_t mode, uid_t uid, std::vector<CallerRule> readers = {}) {
    Access access = AccessOf("alice", "staff", mode);
    access.readers = std::move(readers);
    const FakeCaller caller(uid, kUsers);
    (void)CheckRead(access, caller, accounts);
    return caller.asked();
  };
  EXPECT_THAT(asked(0440, kBob), ElementsAre(kStaff));
  EXPECT_THAT(asked(0404, kBob), ElementsAre(kStaff));
  EXPECT_THAT(asked(0400, kBob), IsEmpty()) << "neither group nor other may";
  EXPECT_THAT(asked(0444, kBob), IsEmpty()) << "both may";
  EXPECT_THAT(asked(0440, kAlice), IsEmpty()) << "the owner class decides";
  EXPECT_THAT(asked(0040, kAlice), IsEmpty()) << "the owner class decides";
  EXPECT_THAT(asked(0440, 0), IsEmpty()) << "root may anyway";
  EXPECT_THAT(asked(0400, kBob, {kUserBob, kGroupWheel}), IsEmpty()) << "the first rule fits";
  EXPECT_THAT(asked(0400, 2000, {kUserBob, kGroupWheel}), ElementsAre(kWheel));
  EXPECT_THAT(asked(0444, kBob, {kGroupWheel}), IsEmpty()) << "the mode allows";
}

}  // namespace
}  // namespace secretfs
