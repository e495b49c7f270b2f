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
  void Receive(uint64_t unique, uint32_t opcode = FUSE_OPEN, size_t more = 8) {
    fuse_in_header head{};
    head.len = static_cast<uint32_t>(sizeof(head) + more);
    head.opcode = opcode;
    head.unique = unique;
    std::memcpy(journal_.landing().data(), &head, sizeof(head));
    journal_.Landed(head.len);
  }
  /// What the next server finds.
  std::set<uint64_t> Left() {
    std::set<uint64_t> left;
    for (const Bytes& request : Journal(state_.get()).TakeLeft())
      left.insert(HeadOf(request)->unique);
    return left;
  }
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
    ASSERT_TRUE(journal_.MayWait());
    journal_.EndTurn();
  }
  Receive(1'000'000);
  EXPECT_FALSE(journal_.MayWait());
  journal_.Answered(1'000'000);
  journal_.EndTurn();
  journal_.Answered(2 * kSlotCount);
  Receive(1'000'002);
  EXPECT_TRUE(journal_.MayWait());
  journal_.EndTurn();
  const auto left = Left();
  EXPECT_EQ(left.size(), kSlotCount);
  EXPECT_TRUE(left.contains(1'000'002));
}

TEST_F(JournalTest, LetsNothingLargerThanASlotWait) {
  Receive(2, FUSE_LOOKUP, 256);
  EXPECT_TRUE(journal_.MayWait());
  Receive(2, FUSE_WRITE, 4096);
  EXPECT_FALSE(journal_.MayWait());
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
  EXPECT_TRUE(alone.MayWait());
  EXPECT_GE(alone.landing().size(), 131'072U + 80U);
  alone.EndTurn();
  alone.Answered(2);
}

}  // namespace
}  // namespace secretfs::fs
