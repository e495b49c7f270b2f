#include "fs/open_records.h"

#include <gtest/gtest.h>

#include "fs/request.h"

namespace secretfs::fs {
namespace {

class OpenRecordsTest : public testing::Test {
 protected:
  UniqueFd memory_ = *State::Make();
  std::unique_ptr<State> state_ = *State::Open(memory_.get());
  OpenRecords records_{state_.get()};
};

constexpr Fingerprint kMark{std::byte{7}};

TEST_F(OpenRecordsTest, AreFoundByTheNextServer) {
  const uint64_t file = records_.Add({2, 10, false}, kMark);
  const uint64_t closed = records_.Add({6, 12, false}, kMark);
  records_.NotePoll(file, 99);
  records_.Remove(closed);
  OpenRecords next(state_.get());
  next.Adopt();
  ASSERT_TRUE(next.Find(file));
  EXPECT_EQ(next.Find(file)->inode, 10U);
  EXPECT_EQ(next.Find(file)->fingerprint, kMark);
  EXPECT_FALSE(next.Find(closed));
  EXPECT_EQ(next.polls(), (std::vector<uint64_t>{99}));
}

TEST_F(OpenRecordsTest, HandlesAreNeverUsedAgain) {
  const uint64_t first = records_.Add({2, 10, false}, kMark);
  records_.Remove(first);
  const uint64_t second = records_.Add({4, 10, false}, kMark);
  EXPECT_NE(first, second);
  EXPECT_FALSE(records_.Find(first));
  records_.Remove(first);
  EXPECT_TRUE(records_.Find(second)) << "in the same place";
  OpenRecords next(state_.get());
  next.Adopt();
  EXPECT_NE(next.Add({6, 10, false}, kMark), second);
}

TEST_F(OpenRecordsTest, WithoutRoomThereAreHandlesAllTheSame) {
  for (size_t i = 0; i < kRecordCount; ++i) (void)records_.Add({i, i, false}, kMark);
  const uint64_t one = records_.Add({1, 1, false}, kMark);
  const uint64_t other = records_.Add({1, 1, false}, kMark);
  EXPECT_NE(one, other);
  EXPECT_FALSE(records_.Find(one)) << "so it is stale in the next server";
  records_.Remove(one);
  records_.NotePoll(one, 1);
}

TEST_F(OpenRecordsTest, WhatHasNoFingerprintTakesNone) {
  const uint64_t folder = records_.Add({2, 10, false}, {});
  EXPECT_NE(folder, records_.Add({4, 10, false}, {}));
  EXPECT_FALSE(records_.Find(folder));
  EXPECT_EQ(state_->layout().records_used, 0U);
}

TEST_F(OpenRecordsTest, OneUserLeavesRoomForOthers) {
  constexpr uid_t kGreedy = 1000;
  std::vector<uint64_t> handles;
  for (size_t i = 0; i < kRecordCount; ++i)
    handles.push_back(records_.Add({i, i, false, kGreedy}, kMark));
  EXPECT_EQ(state_->layout().records_used, kRecordShare);
  EXPECT_TRUE(records_.Find(records_.Add({1, 1, false, 1001}, kMark)));
  const auto found_after = [](OpenRecords& records) {
    return records.Find(records.Add({1, 1, false, kGreedy}, kMark)).has_value();
  };
  EXPECT_FALSE(found_after(records_));
  OpenRecords next(state_.get());
  next.Adopt();
  EXPECT_FALSE(found_after(next)) << "what is open counts for the next server too";
  next.Remove(handles.front());
  EXPECT_TRUE(found_after(next));
  for (size_t i = 0; i < kRecordCount; ++i) (void)next.Add({i, i, false, 0}, kMark);
  EXPECT_EQ(state_->layout().records_used, kRecordCount) << "but root";
}

TEST_F(OpenRecordsTest, WithoutAStateNothingIsFound) {
  OpenRecords alone(nullptr);
  const uint64_t one = alone.Add({2, 10, false}, kMark);
  EXPECT_NE(one, alone.Add({4, 10, false}, kMark));
  EXPECT_FALSE(alone.Find(one));
  alone.Remove(one);
}

TEST_F(OpenRecordsTest, AnOpeningThatIsServedAgainHasOneHandleInTheEnd) {
  const uint64_t first = records_.Add({2, 10, false}, kMark);
  OpenRecords next(state_.get());
  next.Adopt();
  const Opening again{2 | kResentMark, 10, true};
  const uint64_t second = next.Add(again, kMark);
  EXPECT_TRUE(next.Find(first)) << "until it is known which of them the kernel has";
  next.Delivered(again, second);
  EXPECT_FALSE(next.Find(first));
  EXPECT_TRUE(next.Find(second));
}

TEST_F(OpenRecordsTest, BadOnesAreDropped) {
  StateLayout& layout = state_->layout();
  layout.records_used = UINT64_MAX;
  layout.records[0].handle = UINT64_MAX;
  layout.records[1].handle = 1U << 17U;
  records_.Adopt();
  EXPECT_FALSE(records_.Find(UINT64_MAX));
  EXPECT_FALSE(records_.Find(1U << 17U));
  EXPECT_FALSE(records_.Find(0));
  const uint64_t added = records_.Add({2, 10, false}, kMark);
  EXPECT_TRUE(records_.Find(added));
}

}  // namespace
}  // namespace secretfs::fs
