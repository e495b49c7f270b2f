// Rules of units and programs, `confine_to`, and credentials.
#include <gtest/gtest.h>

#include "core/policy.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_caller.h"

namespace secretfs {
namespace {

using testkit::AccessFor;
using testkit::FakeAccounts;
using testkit::FakeCaller;
using Kind = CallerRule::Kind;

constexpr uid_t kAlice = 1000;
constexpr uid_t kBob = 1001;
constexpr gid_t kUsers = 100;

const FakeAccounts kAccounts{{{"alice", kAlice}, {"bob", kBob}}, {{"users", kUsers}}};

CallerRule UnitRule(const std::string& glob) { return {Kind::kUnit, {}, glob, "unit:" + glob}; }
CallerRule UserUnitRule(const std::string& user, const std::string& glob) {
  return {Kind::kUserUnit, {user, std::nullopt}, glob, "user-unit:" + user + "/" + glob};
}
CallerRule UserRule(const std::string& name) {
  return {Kind::kUser, {name, std::nullopt}, "", "user:" + name};
}
CallerRule ProgramRule(const std::string& glob) {
  return {Kind::kExecutable, {}, glob, "exe:" + glob};
}

FakeCaller InUnit(uid_t uid, Units units) {
  FakeCaller caller(uid, kUsers);
  caller.units = std::move(units);
  return caller;
}
FakeCaller Nginx(uid_t uid = 33) { return InUnit(uid, {"nginx.service", "", std::nullopt}); }
FakeCaller UnderManager(uid_t manager, const std::string& unit, uid_t uid) {
  return InUnit(uid, {"user@" + std::to_string(manager) + ".service", unit, manager});
}

Access ReadBy(std::vector<CallerRule> rules) {
  Access access = AccessFor(kAlice, 0, 0400);
  access.readers = std::move(rules);
  return access;
}
Access ConfinedTo(std::vector<CallerRule> rules) {
  Access access = AccessFor(kAlice, 0, 0444);
  access.confine_to = std::move(rules);
  return access;
}

TEST(PolicyRules, AUnitReadsWhatNamesIt) {
  const Access access = ReadBy({UnitRule("nginx.service")});
  EXPECT_EQ(CheckRead(access, Nginx(), kAccounts).rule, "unit:nginx.service");
  EXPECT_FALSE(
      CheckRead(access, InUnit(33, {"nginx2.service", "", std::nullopt}), kAccounts).allow);
}

TEST(PolicyRules, AUnitFitsAPattern) {
  const Access access = ReadBy({UnitRule("microvm@*.service")});
  const FakeCaller vm = InUnit(7, {"microvm@web1.service", "", std::nullopt});
  EXPECT_TRUE(CheckRead(access, vm, kAccounts).allow);
  EXPECT_FALSE(CheckRead(access, Nginx(), kAccounts).allow);
}

TEST(PolicyRules, WhoseUnitCannotBeToldFitsNoPatternOfUnits) {
  const FakeCaller hidden(33, kUsers, {}, 0);
  EXPECT_FALSE(CheckRead(ReadBy({UnitRule("*")}), hidden, kAccounts).allow);
  EXPECT_FALSE(CheckRead(ReadBy({UserUnitRule("", "*")}), hidden, kAccounts).allow);
  EXPECT_FALSE(CheckRead(ReadBy({UserUnitRule("", "*")}), Nginx(), kAccounts).allow);
  EXPECT_FALSE(CheckRead(ConfinedTo({UnitRule("*")}), hidden, kAccounts).allow);
}

TEST(PolicyRules, AUserUnitIsNoUnitOfTheSystem) {
  const FakeCaller impostor = UnderManager(kBob, "nginx.service", kBob);
  EXPECT_FALSE(CheckRead(ReadBy({UnitRule("nginx.service")}), impostor, kAccounts).allow);
  EXPECT_TRUE(CheckRead(ReadBy({UnitRule("user@1001.service")}), impostor, kAccounts).allow);
}

TEST(PolicyRules, AUserUnitIsOfTheOwnersManagerUnlessAnotherIsNamed) {
  const Access own = ReadBy({UserUnitRule("", "backup.service")});
  const FakeCaller alices = UnderManager(kAlice, "backup.service", 5);
  const FakeCaller bobs = UnderManager(kBob, "backup.service", 5);
  EXPECT_TRUE(CheckRead(own, alices, kAccounts).allow);
  EXPECT_FALSE(CheckRead(own, bobs, kAccounts).allow);
  const Access of_bob = ReadBy({UserUnitRule("bob", "backup.service")});
  EXPECT_TRUE(CheckRead(of_bob, bobs, kAccounts).allow);
  EXPECT_FALSE(CheckRead(of_bob, alices, kAccounts).allow);
  const Access of_nobody = ReadBy({UserUnitRule("ghost", "backup.service")});
  EXPECT_FALSE(CheckRead(of_nobody, bobs, kAccounts).allow);
  EXPECT_FALSE(CheckRead(of_nobody, Nginx(), kAccounts).allow);
}

TEST(PolicyRules, AProgramReadsWhatNamesIt) {
  EXPECT_EQ(CheckRead(ReadBy({ProgramRule("/usr/bin/*")}), FakeCaller(9, 9), kAccounts).rule,
            "exe:/usr/bin/*");
  EXPECT_FALSE(CheckRead(ReadBy({ProgramRule("/usr/sbin/*")}), FakeCaller(9, 9), kAccounts).allow);
}

TEST(PolicyRules, WhatCostsLeastIsAskedFirst) {
  const Access access = ReadBy({ProgramRule("/usr/bin/fake"),
                                UnitRule("nginx.service"),
                                {Kind::kGroup, Principal::Number(kUsers), "", "group:100"},
                                UserRule("bob")});
  EXPECT_EQ(CheckRead(access, Nginx(kBob), kAccounts).rule, "user:bob");
  EXPECT_EQ(CheckRead(access, Nginx(33), kAccounts).rule, "group:100");
  FakeCaller other(33, 7);
  other.units.unit = "nginx.service";
  EXPECT_EQ(CheckRead(access, other, kAccounts).rule, "unit:nginx.service");
  EXPECT_EQ(CheckRead(access, FakeCaller(33, 7), kAccounts).rule, "exe:/usr/bin/fake");
}

TEST(PolicyRules, ConfinementHoldsForOwnerOthersReadersAndRoot) {
  Access access = ConfinedTo({UnitRule("nginx.service")});
  access.readers = {UserRule("bob")};
  for (const uid_t uid : {uid_t{0}, kAlice, kBob, uid_t{33}}) {
    const Decision outside = CheckRead(access, FakeCaller(uid, kUsers), kAccounts);
    EXPECT_FALSE(outside.allow) << uid;
    EXPECT_EQ(outside.rule, "confine_to") << uid;
    EXPECT_TRUE(CheckRead(access, Nginx(uid), kAccounts).allow) << uid;
  }
}

TEST(PolicyRules, ConfinementGivesNothingByItself) {
  Access access = ConfinedTo({UnitRule("nginx.service"), UserRule("bob")});
  access.mode = 0400;
  EXPECT_EQ(CheckRead(access, Nginx(33), kAccounts).rule, "none");
  EXPECT_EQ(CheckRead(access, Nginx(0), kAccounts).rule, "root");
  EXPECT_EQ(CheckRead(access, Nginx(kAlice), kAccounts).rule, "owner");
  EXPECT_EQ(CheckRead(access, FakeCaller(kBob, 9), kAccounts).rule, "none");
}

TEST(PolicyCredential, IsForTheUnitsThatARuleNames) {
  const Access access = ReadBy({UnitRule("nginx.service")});
  EXPECT_EQ(CheckCredential(access, Nginx(0), kAccounts).rule, "unit:nginx.service");
  EXPECT_TRUE(CheckCredential(access, Nginx(33), kAccounts).allow);
}

TEST(PolicyCredential, IsNotForRootOrOwnerAlone) {
  const Access access = ReadBy({UnitRule("nginx.service"), UserRule("bob")});
  const Units other{"other.service", "", std::nullopt};
  for (const uid_t uid : {uid_t{0}, kAlice, kBob}) {
    EXPECT_TRUE(CheckRead(access, InUnit(uid, other), kAccounts).allow);
    const Decision decision = CheckCredential(access, InUnit(uid, other), kAccounts);
    EXPECT_FALSE(decision.allow) << uid;
    EXPECT_EQ(decision.rule, "none") << uid;
  }
  EXPECT_FALSE(CheckCredential(ReadBy({}), Nginx(0), kAccounts).allow);
}

TEST(PolicyCredential, MayBeNamedByConfinementToo) {
  const Access access = ConfinedTo({UnitRule("nginx.service"), UnitRule("php.service")});
  EXPECT_TRUE(CheckCredential(access, Nginx(0), kAccounts).allow);
  EXPECT_FALSE(CheckCredential(access, FakeCaller(0, 0), kAccounts).allow);
}

TEST(PolicyCredential, NeedsLeaveToReadAsWell) {
  Access access = ConfinedTo({UserRule("alice")});
  access.readers = {UnitRule("nginx.service")};
  EXPECT_EQ(CheckCredential(access, Nginx(0), kAccounts).rule, "confine_to");
  Access named_by_confinement = ConfinedTo({UnitRule("nginx.service")});
  named_by_confinement.mode = 0;
  EXPECT_EQ(CheckCredential(named_by_confinement, Nginx(33), kAccounts).rule, "none");
}

TEST(PolicyCredential, OfAUserIsForHerUnits) {
  const Access access = ReadBy({UserUnitRule("", "backup.service")});
  EXPECT_TRUE(
      CheckCredential(access, UnderManager(kAlice, "backup.service", kAlice), kAccounts).allow);
  EXPECT_FALSE(
      CheckCredential(access, UnderManager(kAlice, "other.service", kAlice), kAccounts).allow);
}

}  // namespace
}  // namespace secretfs
