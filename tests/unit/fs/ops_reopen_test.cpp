#include <gtest/gtest.h>

#include <optional>

#include "fs/ops.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/recording_audit.h"

namespace secretfs::fs {
namespace {

using Reason = ReopenFailure::Reason;

class ReopenTest : public testing::Test {
 protected:
  ReopenTest() {
    Access access = testkit::AccessFor(0, 0, 0400);
    access.wait = std::chrono::milliseconds(0);
    snapshots_.Publish(Snapshot::Build({{entry_, access}}, WallTime{}));
    const SnapshotPtr snapshot = snapshots_.Load();
    inode_ = snapshot->Child(*snapshot->Find(kRootInode), "a")->inode;
  }

  void Reopen(uint64_t inode, const std::optional<Fingerprint>& fingerprint) {
    error_.reset();
    failure_.reset();
    ops_.Reopen(inode, fingerprint,
                [this](const Reply<OpenFile>& reply, const ReopenFailure* failure) {
                  error_ = reply.error();
                  if (failure != nullptr) failure_ = *failure;
                });
  }
  void Publish(const Fingerprint& fingerprint) {
    Value value = testkit::MakeTestValue("x");
    value.fingerprint = fingerprint;
    entry_->Publish(std::move(value), clock_.Steady(), clock_.Wall());
  }
  /// What one who waits for the value is told of that error, and noted of it.
  void FailWith(const Error& error) {
    Reopen(inode_, kMark);
    EXPECT_FALSE(error_);
    loader_.Answer(error);
  }
  void ExpectFailure(Reason reason, const std::string& name, const std::string& why) {
    ASSERT_TRUE(failure_);
    EXPECT_EQ(ReasonName(failure_->reason), ReasonName(reason));
    EXPECT_EQ(failure_->name, name);
    EXPECT_EQ(failure_->why, why);
  }

  static constexpr Fingerprint kMark{std::byte{1}};
  const EntryPtr entry_ = testkit::TextEntry("a");
  uint64_t inode_ = 0;
  testkit::FakeClock clock_;
  testkit::FakeAccounts accounts_;
  testkit::FakeLoader loader_;
  testkit::RecordingAudit audit_;
  SnapshotCell snapshots_{Snapshot::Build({}, WallTime{})};
  Ops ops_{{snapshots_, loader_, accounts_, audit_, clock_}};
  std::optional<int> error_;
  std::optional<ReopenFailure> failure_;
};

TEST_F(ReopenTest, GivesTheSameVersion) {
  Reopen(inode_, kMark);
  EXPECT_FALSE(error_) << "its value is on its way";
  Publish(kMark);
  loader_.Answer(entry_->value());
  EXPECT_EQ(error_, 0);
  Reopen(inode_, kMark);
  EXPECT_EQ(error_, 0);
  EXPECT_FALSE(failure_);
  EXPECT_TRUE(audit_.events().empty()) << "decided when it was opened";
}

TEST_F(ReopenTest, OfAnotherVersionIsStale) {
  Publish(Fingerprint{});
  Reopen(inode_, kMark);
  EXPECT_EQ(error_, ESTALE);
  ExpectFailure(Reason::kChanged, "a", "");
}

TEST_F(ReopenTest, OfAnotherVersionThatComesLaterIsStale) {
  Reopen(inode_, kMark);
  Publish(Fingerprint{});
  loader_.Answer(entry_->value());
  EXPECT_EQ(error_, ESTALE);
  ExpectFailure(Reason::kChanged, "a", "");
}

TEST_F(ReopenTest, OfWhatNobodyWroteDownIsStale) {
  Publish(kMark);
  Reopen(inode_, {});
  EXPECT_EQ(error_, ESTALE);
  ExpectFailure(Reason::kUnknown, "a", "");
}

TEST_F(ReopenTest, OfNoFileAnyMoreIsStale) {
  Reopen(4711, kMark);
  EXPECT_EQ(error_, ESTALE);
  ExpectFailure(Reason::kGone, "", "");
  Reopen(kRootInode, kMark);
  EXPECT_EQ(error_, ESTALE);
  ExpectFailure(Reason::kGone, "", "");
}

TEST_F(ReopenTest, WaitsAsLongAsIsUsualThoughWhoOpensMayNotWait) {
  Reopen(inode_, kMark);
  ASSERT_EQ(loader_.wishes.size(), 1U);
  EXPECT_EQ(loader_.wishes[0].deadline, clock_.Steady() + Access{}.wait);
  EXPECT_EQ(loader_.wishes[0].patience, Loader::Patience::kUntilDeadline);
}

TEST_F(ReopenTest, OfWhatDoesNotComeInTimeIsLateAndNotStale) {
  entry_->Fail({Code::kResource, "no memory", "", "", true}, clock_.Steady());
  FailWith({Code::kTimeout, "not there in time", "", ""});
  EXPECT_EQ(error_, ETIMEDOUT);
  ExpectFailure(Reason::kLate, "a", "not there in time: no memory");
}

TEST_F(ReopenTest, OfWhatCannotBeHadFailsAsAnOpenAndIsNotStale) {
  FailWith({Code::kResource, "no memory", "", ""});
  EXPECT_EQ(error_, ENOMEM);
  ExpectFailure(Reason::kFailed, "a", "no memory");
  FailWith({Code::kNoMatch, "no identity", "/f", ""});
  EXPECT_EQ(error_, ENOKEY);
  ExpectFailure(Reason::kFailed, "a", "/f: no identity");
}

TEST_F(ReopenTest, OfOneWhoIsInterruptedIsNoFailure) {
  FailWith({Code::kInterrupted, "interrupted", "", ""});
  EXPECT_EQ(error_, EINTR);
  EXPECT_FALSE(failure_);
}

TEST_F(ReopenTest, OfOneWhoMayNotWaitIsToBeTriedAgain) {
  ops_.Reopen(
      inode_, kMark,
      [this](const Reply<OpenFile>& reply, const ReopenFailure* failure) {
        error_ = reply.error();
        EXPECT_EQ(failure, nullptr);
      },
      [](auto) -> std::optional<std::chrono::milliseconds> { return {}; });
  EXPECT_EQ(error_, EAGAIN);
  EXPECT_TRUE(loader_.wishes.empty());
}

}  // namespace
}  // namespace secretfs::fs
