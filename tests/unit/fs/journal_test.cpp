#include "fs/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace secretfs::fs {
namespace {

class JournalTest : public testing::Test {
 protected:
  /// A request arrives, and is not answered at once.
  void Receive(uint64_t unique, uint32_t opcode = FUSE_OPEN, size_t more = 8, uid_t user = 0) {
    fuse_in_header head{};
    head.len = static_cast<uint32_t>(sizeof(head) + more);
    head.opcode = opcode;
    head.unique = unique;
    head.uid = user;
    std::memcpy(journal_.landing().data(), &head, sizeof(head));
    journal_.Landed(head.len);
  }
  [[nodiscard]] bool MayWait(uint64_t unique) {
    return journal_.MayWait(unique, kWait).has_value();
  }
  /// What the next server finds.
  std::set<uint64_t> Left() {
    std::set<uint64_t> left;
    for (const Bytes& request : Journal(state_.get()).TakeLeft())
      left.insert(HeadOf(request)->unique);
    return left;
  }
  static constexpr std::chrono::milliseconds kWait{90'000};
  UniqueFd memory_ = *State::Make();
  std::unique_ptr<State> state_ = *State::Open(memory_.get());
  Journal journal_{state_.get()};
};

TEST_F(JournalTest, KeepsWhatIsNotAnswered) {
  Receive(2);
  EXPECT_EQ(Left(), (std::set<uint64_t>{2})) << "while it is served";
  journal_.EndTurn();
  EXPECT_EQ(Left(), (std::set<uint64_t>{2})) << "while it waits";
  Receive(4);
  journal_.EndTurn();
  EXPECT_EQ(Left(), (std::set<uint64_t>{2, 4}));
  journal_.Answered(2);
  EXPECT_EQ(Left(), (std::set<uint64_t>{4}));
  Receive(6);
  journal_.Answered(6);
  EXPECT_EQ(Left(), (std::set<uint64_t>{4})) << "answered in its turn";
  journal_.EndTurn();
  journal_.Answered(4);
  EXPECT_EQ(Left(), std::set<uint64_t>{});
}

TEST_F(JournalTest, KeepsNothingThatIsNeverAnswered) {
  for (const uint32_t opcode : {FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_INTERRUPT}) {
    Receive(2, opcode);
    EXPECT_EQ(Left(), std::set<uint64_t>{});
    journal_.EndTurn();
    EXPECT_EQ(Left(), std::set<uint64_t>{});
  }
}

TEST_F(JournalTest, LetsNobodyWaitWithoutRoom) {
  for (uint64_t i = 1; i <= kSlotCount; ++i) {
    Receive(2 * i);
    ASSERT_TRUE(MayWait(2 * i));
    journal_.EndTurn();
  }
  Receive(1'000'000);
  EXPECT_FALSE(MayWait(1'000'000));
  journal_.Answered(1'000'000);
  journal_.EndTurn();
  journal_.Answered(2 * kSlotCount);
  Receive(1'000'002);
  EXPECT_TRUE(MayWait(1'000'002));
  journal_.EndTurn();
  const auto left = Left();
  EXPECT_EQ(left.size(), kSlotCount);
  EXPECT_TRUE(left.contains(1'000'002));
}

TEST_F(JournalTest, OneUserLeavesSlotsForOthers) {
  constexpr uid_t kGreedy = 1000;
  for (uint64_t i = 1; i <= kSlotShare; ++i) {
    Receive(2 * i, FUSE_OPEN, 8, kGreedy);
    ASSERT_TRUE(MayWait(2 * i));
    journal_.EndTurn();
  }
  const auto may_wait = [](Journal& journal, uint64_t unique) {
    return journal.MayWait(unique, kWait).has_value();
  };
  Receive(100'000, FUSE_OPEN, 8, kGreedy);
  EXPECT_FALSE(MayWait(100'000));
  journal_.EndTurn();
  EXPECT_FALSE(Left().contains(100'000));
  for (const uid_t other : {uid_t{0}, uid_t{1001}}) {
    Receive(100'002 + 2 * other, FUSE_OPEN, 8, other);
    EXPECT_TRUE(MayWait(100'002 + 2 * other));
    journal_.EndTurn();
    EXPECT_TRUE(Left().contains(100'002 + 2 * other));
  }
  Receive(100'000, FUSE_OPEN, 8, kGreedy);
  Journal next(state_.get());
  (void)next.TakeLeft();
  EXPECT_FALSE(may_wait(next, 100'000)) << "what waits counts for the next server too";
  next.Answered(2);
  EXPECT_TRUE(may_wait(next, 100'000));
}

TEST_F(JournalTest, NobodyNeedsASlotOfAKernelThatSendsAgain) {
  journal_.TrustKernel();
  for (uint64_t i = 1; i <= kSlotCount + 10; ++i) {
    Receive(2 * i);
    ASSERT_TRUE(MayWait(2 * i));
    journal_.EndTurn();
  }
  EXPECT_EQ(Left().size(), kSlotCount);
  Receive(2, FUSE_WRITE, 4096);
  EXPECT_TRUE(MayWait(2));
}

TEST_F(JournalTest, NextServersDoNotLengthenTheWait) {
  Receive(2);
  EXPECT_EQ(journal_.MayWait(2, kWait), kWait);
  journal_.EndTurn();
  state_->layout().slots[0].deadline -= 60'000;  // as if it were later
  {
    Journal next(state_.get());
    EXPECT_EQ(next.TakeLeft().size(), 1U);
    const auto left = next.MayWait(2, kWait);
    ASSERT_TRUE(left);
    EXPECT_LE(*left, std::chrono::seconds(35));
    EXPECT_EQ(next.MayWait(2, std::chrono::seconds(1)), std::chrono::seconds(1));
  }
  Journal resent(state_.get());
  resent.DropLeft();
  const auto left = resent.MayWait(2 | kResentMark, kWait);
  ASSERT_TRUE(left);
  EXPECT_LE(*left, std::chrono::seconds(35)) << "also when the kernel sent it again";
  state_->layout().slots_used = 1;
  state_->layout().slots[0].unique = 2;
  state_->layout().slots[0].deadline = 1;
  Journal late(state_.get());
  late.DropLeft();
  EXPECT_EQ(late.MayWait(2 | kResentMark, kWait), std::chrono::milliseconds(0));
}

TEST_F(JournalTest, SuspectsWhatServersWereAt) {
  Receive(2);
  journal_.EndTurn();
  Receive(4);  // which lies there while others are served
  for (int died = 0; died < 5; ++died) {
    EXPECT_FALSE(journal_.IsDeadly(2));
    journal_.Begin(2 | kResentMark);
    Journal next(state_.get());
    died % 2 == 0 ? (void)next.TakeLeft() : next.DropLeft();
  }
  EXPECT_TRUE(journal_.IsDeadly(2));
  EXPECT_TRUE(journal_.IsDeadly(2 | kResentMark));
  EXPECT_FALSE(journal_.IsDeadly(4));
  for (uint64_t other = 10; other < 100; ++other) {
    journal_.Begin(other);
    (void)Journal(state_.get()).TakeLeft();
    EXPECT_TRUE(journal_.IsDeadly(2));
  }
  for (int died = 0; died < 10; ++died) {
    journal_.Begin(6);
    journal_.End();
    (void)Journal(state_.get()).TakeLeft();
  }
  EXPECT_FALSE(journal_.IsDeadly(6)) << "it was done";
}

TEST_F(JournalTest, LetsNothingLargerThanASlotWait) {
  Receive(2, FUSE_LOOKUP, 256);
  EXPECT_TRUE(MayWait(2));
  Receive(2, FUSE_WRITE, 4096);
  EXPECT_FALSE(MayWait(2));
}

TEST_F(JournalTest, WhatIsThereTwiceIsServedOnce) {
  Receive(2);
  const Bytes request(journal_.landing().begin(), journal_.landing().begin() + 48);
  journal_.EndTurn();
  std::ranges::copy(request, journal_.landing().begin());  // died before it was gone from there
  EXPECT_EQ(Journal(state_.get()).TakeLeft().size(), 1U);
}

TEST_F(JournalTest, WhatCannotBeARequestIsDropped) {
  StateLayout& layout = state_->layout();
  layout.slots_used = UINT64_MAX;
  layout.slots[0].unique = 2;
  layout.slots[1].unique = 4;
  layout.slots[1].request.fill(std::byte{0xff});
  layout.landing.fill(std::byte{0xff});
  EXPECT_EQ(Left(), std::set<uint64_t>{});
}

TEST_F(JournalTest, WithoutAStateAnybodyMayWait) {
  Journal alone(nullptr);
  EXPECT_EQ(alone.MayWait(2, kWait), kWait);
  EXPECT_GE(alone.landing().size(), 131'072U + 80U);
  alone.EndTurn();
  alone.Answered(2);
}

}  // namespace
}  // namespace secretfs::fs
