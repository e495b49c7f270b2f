#include "core/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <set>
#include <thread>

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

EntryPtr MakeEntry(const std::string& name) {
  return std::make_shared<Entry>(
      EntrySpec{.name = name, .origin = "test", .inputs = {}, .make = {}});
}
std::vector<File> Files(const std::vector<std::string>& names) {
  std::vector<File> files;
  for (const std::string& name : names) files.push_back({MakeEntry(name), {}});
  return files;
}
SnapshotPtr Build(const std::vector<std::string>& names) {
  return Snapshot::Build(Files(names), WallTime());
}
const Node& Root(const SnapshotPtr& snapshot) { return *snapshot->Find(kRootInode); }
std::vector<std::string> Names(const SnapshotPtr& snapshot, const Node& directory) {
  std::vector<std::string> names;
  for (const uint64_t child : directory.children) {
    const std::string& name = snapshot->Find(child)->name;
    if (name != ".credstore") names.push_back(name);
  }
  return names;
}
/// The node at a path, found one component at a time as the kernel does.
const Node* At(const SnapshotPtr& snapshot, std::string_view path) {
  const Node* node = &Root(snapshot);
  while (node != nullptr && !path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    node = snapshot->Child(*node, component);
    path.remove_prefix(std::min(path.size(), component.size() + 1));
  }
  return node;
}

TEST(Snapshot, OfNothingIsARootAndAnEmptyCredstore) {
  const SnapshotPtr snapshot = Build({});
  const Node& root = Root(snapshot);
  EXPECT_TRUE(root.is_directory());
  EXPECT_EQ(root.inode, kRootInode);
  EXPECT_EQ(root.parent, kRootInode);
  ASSERT_EQ(root.children.size(), 1U);
  EXPECT_THAT(At(snapshot, ".credstore")->children, IsEmpty());
  EXPECT_EQ(snapshot->Child(root, "x"), nullptr);
  EXPECT_EQ(snapshot->Child(root, ""), nullptr);
  EXPECT_EQ(snapshot->Find(0), nullptr);
  EXPECT_EQ(snapshot->Find(2), nullptr);
}

TEST(Snapshot, MakesDirectoriesOfSlashes) {
  const SnapshotPtr snapshot = Build({"top", "db/password", "db/user", "a/b/c/key"});
  EXPECT_THAT(Names(snapshot, Root(snapshot)), ElementsAre("a", "db", "top"));
  EXPECT_EQ(Root(snapshot).subdirectories, 3U);
  const Node* db = At(snapshot, "db");
  ASSERT_NE(db, nullptr);
  EXPECT_TRUE(db->is_directory());
  EXPECT_EQ(db->parent, kRootInode);
  EXPECT_EQ(db->subdirectories, 0U);
  EXPECT_THAT(Names(snapshot, *db), ElementsAre("password", "user"));
  const Node* key = At(snapshot, "a/b/c/key");
  ASSERT_NE(key, nullptr);
  EXPECT_FALSE(key->is_directory());
  EXPECT_EQ(key->file.entry->name(), "a/b/c/key");
  EXPECT_EQ(snapshot->Find(key->parent)->name, "c");
  EXPECT_EQ(At(snapshot, "a")->subdirectories, 1U);
  EXPECT_EQ(snapshot->Child(*key, "x"), nullptr) << "a file has no children";
  EXPECT_EQ(At(snapshot, "db/passwor"), nullptr);
  EXPECT_EQ(At(snapshot, "db/password2"), nullptr);
}

TEST(Snapshot, NodesServeTheEntriesThemselves) {
  const auto files = Files({"b", "a/x"});
  const WallTime created{std::chrono::seconds(77)};
  const SnapshotPtr snapshot = Snapshot::Build(files, created);
  EXPECT_EQ(At(snapshot, "b")->file.entry, files[0].entry);
  EXPECT_EQ(At(snapshot, "a/x")->file.entry, files[1].entry);
  EXPECT_EQ(snapshot->files().size(), 2U);
  EXPECT_EQ(snapshot->created(), created);
}

TEST(Snapshot, ListsInByteOrder) {
  const SnapshotPtr valid = Build({"b", "a-", "\xff", "B", "a/x", "aa"});
  EXPECT_THAT(Names(valid, Root(valid)), ElementsAre("B", "a", "a-", "aa", "b", "\xff"));
  for (const std::string& name : Names(valid, Root(valid))) {
    EXPECT_NE(valid->Child(Root(valid), name), nullptr) << name;
  }
}

TEST(Snapshot, EveryInodeIsFoundAndUnique) {
  const SnapshotPtr snapshot = Build({"a", "b/a", "b/b/a", "a2", "c/a"});
  std::set<uint64_t> seen;
  const std::function<void(const Node&)> visit = [&](const Node& node) {
    EXPECT_TRUE(seen.insert(node.inode).second);
    EXPECT_EQ(snapshot->Find(node.inode), &node);
    for (const uint64_t child : node.children) {
      EXPECT_EQ(snapshot->Find(child)->parent, node.inode);
      visit(*snapshot->Find(child));
    }
  };
  visit(Root(snapshot));
  EXPECT_EQ(seen.size(), 15U);  // the root, 5 files twice, b, b/b, c, .credstore
}

TEST(Snapshot, InodesAreTheSameInEveryBuildAndOrder) {
  std::vector<std::string> names{"a", "b/a", "b/b/a", "z/y/x", "b/c"};
  const SnapshotPtr first = Build(names);
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(names.begin(), names.end(), random);
    const SnapshotPtr again = Build(names);
    for (const char* path : {"a", "b", "b/a", "b/b", "b/b/a", "z", "z/y", "z/y/x", "b/c"}) {
      ASSERT_EQ(At(first, path)->inode, At(again, path)->inode) << path;
    }
  }
}

TEST(Snapshot, InodesDoNotDependOnTheOtherNames) {
  const SnapshotPtr small = Build({"db/password"});
  const SnapshotPtr large = Build({"aaa", "db/password", "db/zzz", "x/y/z"});
  EXPECT_EQ(At(small, "db")->inode, At(large, "db")->inode);
  EXPECT_EQ(At(small, "db/password")->inode, At(large, "db/password")->inode);
}

/// Fixed by the numbers that a running daemon gave out: a new process must give the same.
TEST(Snapshot, InodesAreTheSameInTheNextProcess) {
  const SnapshotPtr snapshot = Build({"db/password"});
  EXPECT_EQ(At(snapshot, "db")->inode, 2472034867188323053U);
  EXPECT_EQ(At(snapshot, "db/password")->inode, 2393171720764389001U);
}

TEST(Snapshot, AFileThatBecomesADirectoryIsAnotherInode) {
  EXPECT_NE(At(Build({"a"}), "a")->inode, At(Build({"a/b"}), "a")->inode);
}

TEST(Snapshot, InodesFitASignedNumberAndAreNotReserved) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i)
    names.push_back("d" + std::to_string(i % 7) + "/" + std::to_string(i));
  const SnapshotPtr snapshot = Build(names);
  for (const std::string& name : names) {
    const uint64_t inode = At(snapshot, name)->inode;
    EXPECT_GT(inode, kRootInode);
    EXPECT_LE(inode, static_cast<uint64_t>(INT64_MAX));
  }
}

/// Real collisions cannot be made to order, but a name that comes twice takes the same way: the
/// loader refuses it, and FreeInode must still give the second one a number of its own.
TEST(Snapshot, ACollisionTakesTheNextFreeInode) {
  const uint64_t alone = At(Build({"same"}), "same")->inode;
  const SnapshotPtr snapshot = Build({"same", "same", "same"});
  std::vector<uint64_t> inodes = Root(snapshot).children;
  std::erase(inodes, At(snapshot, ".credstore")->inode);
  std::sort(inodes.begin(), inodes.end());
  EXPECT_THAT(inodes, ElementsAre(alone, alone + 1, alone + 2));
  for (const uint64_t inode : inodes) EXPECT_EQ(snapshot->Find(inode)->name, "same");
}

TEST(Snapshot, HoldsTenThousandEntries) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i)
    names.push_back("host" + std::to_string(i % 100) + "/secret" + std::to_string(i));
  const SnapshotPtr snapshot = Build(names);
  EXPECT_EQ(Names(snapshot, Root(snapshot)).size(), 100U);
  EXPECT_EQ(Root(snapshot).subdirectories, 101U);
  EXPECT_EQ(At(snapshot, "host42")->children.size(), 100U);
  std::set<uint64_t> inodes;
  for (const std::string& name : names) {
    const Node* node = At(snapshot, name);
    ASSERT_NE(node, nullptr) << name;
    ASSERT_EQ(node->file.entry->name(), name);
    inodes.insert(node->inode);
  }
  EXPECT_EQ(inodes.size(), 10'000U);
}

TEST(Snapshot, CredentialsHaveFlatNamesAndInodesOfTheirOwn) {
  const SnapshotPtr snapshot = Build({"db/prod/password", "top"});
  const Node* folder = At(snapshot, ".credstore");
  ASSERT_NE(folder, nullptr);
  EXPECT_TRUE(folder->credstore);
  EXPECT_THAT(Names(snapshot, *folder), ElementsAre("db.prod.password", "top"));
  const Node* password = At(snapshot, ".credstore/db.prod.password");
  const Node* in_tree = At(snapshot, "db/prod/password");
  EXPECT_TRUE(password->credstore);
  EXPECT_FALSE(in_tree->credstore);
  EXPECT_EQ(password->file.entry, in_tree->file.entry);
  EXPECT_NE(password->inode, in_tree->inode);
}

TEST(Snapshot, WhatCannotBeACredentialIsNotInTheCredstore) {
  const SnapshotPtr snapshot = Build({"a:b", "a\nb", "\xc3\xa4", ".secretfs/status",
                                      std::string(200, 'x') + "/" + std::string(60, 'y')});
  EXPECT_THAT(At(snapshot, ".credstore")->children, IsEmpty());
}

TEST(SnapshotCell, PublishGivesTheOldOneBack) {
  const SnapshotPtr one = Build({"a"});
  const SnapshotPtr two = Build({"b"});
  SnapshotCell cell(one);
  EXPECT_EQ(cell.Load(), one);
  EXPECT_EQ(cell.Publish(two), one);
  EXPECT_EQ(cell.Load(), two);
}

TEST(SnapshotCell, ReadersSeeWholeSnapshotsWhileOneIsPublished) {
  SnapshotCell cell(Build({"f0"}));
  std::atomic<bool> done = false;
  std::atomic<int> loads = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        while (!done) {
          const SnapshotPtr snapshot = cell.Load();
          ASSERT_EQ(Root(snapshot).children.size(), snapshot->files().size() + 1);
          ++loads;
        }
      });
    }
    std::vector<std::string> names;
    for (int i = 0; (i < 200 || loads < 100) && !testing::Test::HasFailure(); ++i) {
      names.push_back("n" + std::to_string(i));
      if (names.size() > 20) names.clear();
      cell.Publish(Build(names));
    }
    done = true;
  }
}

}  // namespace
}  // namespace secretfs
