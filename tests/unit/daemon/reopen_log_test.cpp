#include "daemon/reopen_log.h"

#include <gtest/gtest.h>

#include "tests/testkit/recording_log.h"

namespace secretfs {
namespace {

using Reason = fs::ReopenFailure::Reason;

TEST(ReopenLog, TellsOneLineForEachReasonHoweverManyThereWere) {
  testkit::RecordingLog log;
  ReopenLog reopens;
  for (int i = 0; i < 1000; ++i) reopens.Note({Reason::kLate, "first", "not there in time"});
  reopens.Note({Reason::kLate, "newest", "no memory"});
  reopens.Note({Reason::kChanged, "other", ""});
  EXPECT_TRUE(log.lines().empty()) << "not yet";
  reopens.Tell(log);
  ASSERT_EQ(log.lines().size(), 2U);
  EXPECT_EQ(log.lines()[0], "info event=not_reopened reason=changed name=other count=1");
  EXPECT_EQ(log.lines()[1],
            R"(warning event=not_reopened reason=late name=newest why="no memory" count=1001)");
  reopens.Tell(log);
  EXPECT_EQ(log.lines().size(), 2U) << "each is told once";
}

}  // namespace
}  // namespace secretfs
