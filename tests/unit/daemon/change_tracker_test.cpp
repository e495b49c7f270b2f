#include "daemon/change_tracker.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"

namespace secretfs {
namespace {

using testkit::AccessFor;
using testkit::MakeTestValue;
using testkit::TextEntry;

const OnChange kRestart{OnChange::Action::kRestart, "a.service", 0};
const OnChange kReload{OnChange::Action::kReload, "b.service", 0};

class ChangeTrackerTest : public testing::Test {
 protected:
  static SnapshotPtr Tree(const std::vector<File>& files) { return Snapshot::Build(files, {}); }
  static void Publish(const EntryPtr& entry, std::string_view text) {
    entry->Publish(MakeTestValue(text), {}, {});
  }
  static uint64_t InodeOf(const SnapshotPtr& snapshot, std::string_view path) {
    return snapshot->FindPath(path)->inode;
  }
  const EntryPtr entry_ = TextEntry("dir/a");
  const File file_{entry_, AccessFor(0, 0, 0400), {{}, {kRestart, kReload}}};
  testkit::FakeAccounts accounts_;
  ChangeTracker tracker_{accounts_};
};

TEST_F(ChangeTrackerTest, FirstVersionIsNewsToNobody) {
  EXPECT_TRUE(tracker_.Look(Tree({file_})).changes.empty());
  Publish(entry_, "one");
  const auto found = tracker_.Look({entry_});
  EXPECT_TRUE(found.changes.empty());
  EXPECT_TRUE(found.due.empty());
}

TEST_F(ChangeTrackerTest, NewVersionIsToldOnceInTheOrderOfItsUnits) {
  const SnapshotPtr tree = Tree({file_});
  (void)tracker_.Look(tree);
  Publish(entry_, "one");
  Publish(entry_, "two");  // nobody looked in between
  const auto found = tracker_.Look({entry_});
  ASSERT_EQ(found.changes.files.size(), 1U);
  EXPECT_EQ(found.changes.files[0].inode, InodeOf(tree, "dir/a"));
  EXPECT_EQ(found.changes.files[0].path, "dir/a");
  EXPECT_TRUE(found.changes.files[0].content);
  EXPECT_EQ(found.due, (std::vector<ChangeTracker::Due>{{kRestart, "dir/a"}, {kReload, "dir/a"}}));
  EXPECT_TRUE(tracker_.Look({entry_}).changes.empty());
}

TEST_F(ChangeTrackerTest, ValueAfterAFailureIsToldToWatchersAlone) {
  (void)tracker_.Look(Tree({file_}));
  entry_->Fail(Error{Code::kNotFound, "missing", "", ""}, {});
  EXPECT_TRUE(tracker_.Look({entry_}).changes.empty());
  Publish(entry_, "one");
  const auto found = tracker_.Look({entry_});
  EXPECT_EQ(found.changes.files.size(), 1U);
  EXPECT_TRUE(found.due.empty());
}

TEST_F(ChangeTrackerTest, UnitOfSeveralFilesIsDueOnce) {
  const EntryPtr other = TextEntry("b");
  (void)tracker_.Look(Tree({file_, {other, AccessFor(0, 0, 0400), {{}, {kRestart}}}}));
  for (const EntryPtr& entry : {entry_, other}) {
    Publish(entry, "one");
    Publish(entry, "two");
  }
  const auto found = tracker_.Look({entry_, other});
  EXPECT_EQ(found.changes.files.size(), 2U);
  EXPECT_EQ(found.due.size(), 2U);
}

TEST_F(ChangeTrackerTest, OwnerAndModeAreChangesToo) {
  (void)tracker_.Look(Tree({file_}));
  const auto mode = tracker_.Look(Tree({{entry_, AccessFor(0, 0, 0440), file_.consumers}}));
  ASSERT_EQ(mode.changes.files.size(), 1U);
  EXPECT_FALSE(mode.changes.files[0].content);
  EXPECT_EQ(mode.due.size(), 2U);
  const auto owner = tracker_.Look(Tree({{entry_, AccessFor(7, 0, 0440), file_.consumers}}));
  EXPECT_EQ(owner.due.size(), 2U);
}

TEST_F(ChangeTrackerTest, OwnerWhoAppearsIsToldToWatchersAlone) {
  Access access = AccessFor(0, 0, 0400);
  access.owner = {"late", std::nullopt};
  const SnapshotPtr tree = Tree({{entry_, access, file_.consumers}});
  (void)tracker_.Look(tree);
  accounts_.users["late"] = 1234;
  const auto found = tracker_.Look(tree);
  EXPECT_EQ(found.changes.files.size(), 1U);
  EXPECT_TRUE(found.due.empty());
}

TEST_F(ChangeTrackerTest, NamesThatComeAndGo) {
  const SnapshotPtr before = Tree({file_});
  (void)tracker_.Look(before);
  const SnapshotPtr after = Tree({{TextEntry("new/b"), AccessFor(0, 0, 0400)}});
  const auto found = tracker_.Look(after);
  EXPECT_EQ(std::set(found.changes.gone.begin(), found.changes.gone.end()),
            (std::set{before->FindPath("dir/a")->inode, before->FindPath("dir")->inode}));
  const std::vector<uint64_t> expected{kRootInode, InodeOf(after, "new")};
  EXPECT_EQ(std::set(found.changes.directories.begin(), found.changes.directories.end()),
            std::set(expected.begin(), expected.end()));
  EXPECT_TRUE(found.changes.files.empty());
  EXPECT_TRUE(found.due.empty());
  EXPECT_TRUE(tracker_.Look(after).changes.empty());
}

}  // namespace
}  // namespace secretfs
