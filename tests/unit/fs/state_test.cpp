#include "fs/state.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace secretfs::fs {
namespace {

TEST(State, IsSeenByAllWhoMapIt) {
  const UniqueFd fd = *State::Make();
  const auto one = *State::Open(fd.get());
  const auto other = *State::Open(fd.get());
  EXPECT_FALSE(one->begun());
  EXPECT_EQ(other->last_beat(), 0);
  const int64_t before = State::Now();
  one->Beat();
  EXPECT_GE(other->last_beat(), before);
  EXPECT_LE(other->last_beat(), State::Now());
  ++one->counters().stalls;
  EXPECT_EQ(other->counters().stalls, 1U);
}

TEST(State, HasAKeyOfItsOwn) {
  const UniqueFd fd = *State::Make();
  const auto state = *State::Open(fd.get());
  const auto again = *State::Open(fd.get());
  const UniqueFd other_fd = *State::Make();
  const auto other = *State::Open(other_fd.get());
  ASSERT_EQ(state->key().size(), 32U);
  EXPECT_TRUE(std::ranges::equal(state->key(), again->key()));
  EXPECT_FALSE(std::ranges::equal(state->key(), other->key()));
}

TEST(State, CostsLittleUntilItIsUsed) {
  const UniqueFd fd = *State::Make();
  const auto state = *State::Open(fd.get());
  struct stat st {};
  ASSERT_EQ(::fstat(fd.get(), &st), 0);
  EXPECT_LT(st.st_blocks * 512, 64 * 1024);
  EXPECT_EQ(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(::ftruncate(fd.get(), 0), -1) << "who maps it would be killed by it";
}

TEST(State, OfAnotherVersionIsRefused) {
  const UniqueFd fd = *State::Make();
  (*State::Open(fd.get()))->layout().layout += 1;
  const auto other = State::Open(fd.get());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kInvalid);
}

TEST(State, WhatIsNoneIsRefused) {
  const UniqueFd empty(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(State::Open(empty.get()).error().code, Code::kInvalid);
  ASSERT_EQ(::ftruncate(empty.get(), sizeof(StateLayout)), 0);
  EXPECT_EQ(State::Open(empty.get()).error().code, Code::kInvalid) << "it could shrink";
  EXPECT_FALSE(State::Open(-1));
}

}  // namespace
}  // namespace secretfs::fs
