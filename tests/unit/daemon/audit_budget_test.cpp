#include "daemon/audit_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace secretfs {
namespace {

constexpr std::chrono::seconds kSecond{1};
constexpr SteadyTime kStart{std::chrono::hours(1)};

AuditEvent Refusal(uid_t uid) {
  AuditEvent event;
  event.uid = uid;
  return event;
}

AuditEvent OfSystemd() {
  AuditEvent event = Refusal(0);
  event.executable = "/usr/lib/systemd/systemd";
  event.units.unit = "web.service";
  return event;
}

/// How many of `asked` are on record.
unsigned Taken(RefusalBudget& budget, const AuditEvent& event, unsigned asked, SteadyTime now) {
  unsigned taken = 0;
  for (unsigned i = 0; i < asked; ++i) taken += budget.Take(event, now) ? 1 : 0;
  return taken;
}

TEST(RefusalBudget, EachUserHasAnOwnOneInEachSecond) {
  RefusalBudget budget;
  EXPECT_EQ(Taken(budget, Refusal(1), 20, kStart), 20U);
  EXPECT_FALSE(budget.owes());
  EXPECT_EQ(Taken(budget, Refusal(1), 7, kStart), 0U);
  EXPECT_EQ(Taken(budget, Refusal(2), 30, kStart), 20U);
  EXPECT_TRUE(budget.owes());
  EXPECT_EQ(Taken(budget, Refusal(1), 30, kStart + kSecond), 20U);
  const auto more = budget.Collect(kStart + kSecond, false);
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0].uid, 1U);
  EXPECT_EQ(more[0].count, 17U);
  EXPECT_EQ(more[1].uid, 2U);
  EXPECT_EQ(more[1].count, 10U);
  EXPECT_FALSE(budget.owes());
}

TEST(RefusalBudget, WhatIsBeyondIsGivenOnceASecond) {
  RefusalBudget budget;
  (void)Taken(budget, Refusal(1), 21, kStart);
  EXPECT_EQ(budget.Collect(kStart, false).size(), 1U);
  (void)Taken(budget, Refusal(1), 1, kStart);
  EXPECT_TRUE(budget.Collect(kStart, false).empty());
  EXPECT_TRUE(budget.owes());
  EXPECT_EQ(budget.Collect(kStart, true).size(), 1U);
  (void)Taken(budget, Refusal(1), 1, kStart);
  EXPECT_EQ(budget.Collect(kStart + kSecond, false).size(), 1U);
}

TEST(RefusalBudget, ManyUsersShareOneAndRootHasItsOwn) {
  RefusalBudget budget;
  unsigned taken = 0;
  for (uid_t uid = 1; uid <= 10'000; ++uid) taken += Taken(budget, Refusal(uid), 21, kStart);
  EXPECT_EQ(taken, (RefusalBudget::kUsers + 1) * RefusalBudget::kEach);
  EXPECT_EQ(Taken(budget, Refusal(0), 30, kStart), 20U);
  EXPECT_EQ(Taken(budget, OfSystemd(), 200, kStart), 100U);
  EXPECT_EQ(budget.Collect(kStart, false).size(), RefusalBudget::kUsers + 3);
}

TEST(RefusalBudget, AUserIsNotSystemdWhateverItIsCalled) {
  RefusalBudget budget;
  AuditEvent event = OfSystemd();
  event.uid = 1000;
  event.operation = AuditEvent::Operation::kLookup;
  EXPECT_EQ(Taken(budget, event, 200, kStart), 20U);
}

}  // namespace
}  // namespace secretfs
