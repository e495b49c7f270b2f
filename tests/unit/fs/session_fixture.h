// A real mount of two secrets that the test publishes, served by a thread of the test. Only root
// can make one; for others these tests are skipped.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "fs/mount.h"
#include "fs/ops.h"
#include "fs/session.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/recording_audit.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::fs {

inline constexpr int kPatience = 60'000;  // milliseconds until a test is taken to hang

/// Keeps nobody waiting once it is `impatient`, so that a test which fails does not hang.
class MountedLoader final : public Loader {
 public:
  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) override {
    if (!impatient || entry->value()) {
      return waiting.Want(entry, deadline, patience, std::move(done));
    }
    ++missed;
    done(Error{Code::kTimeout, "is not there", "", ""});
    return 0;
  }
  void Cancel(Ticket ticket) override { waiting.Cancel(ticket); }
  Ticket Read(Part part, PartDone done) override {
    return waiting.Read(std::move(part), std::move(done));
  }
  std::atomic<bool> impatient = false;
  std::atomic<int> missed = 0;
  testkit::FakeLoader waiting;
};

/// Real mounts, which only root can make.
class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/fuse", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "needs root and /dev/fuse, to mount";
    }
    Publish(*entry_, "first");
    Publish(*beside_, "beside");
    snapshots_.Publish(Tree({entry_, beside_}));
    auto mount = MountAt(folder_ / "mnt");
    if (!mount && mount.error().code == Code::kPermission) GTEST_SKIP() << "may not mount";
    ASSERT_TRUE(mount) << mount.error().Text();
    mount_ = *std::move(mount);
    session_ = *Session::Create(mount_, ops_, groups_);
    server_ = std::jthread([this] { served_ = session_->Serve().has_value(); });
    struct stat st {};
    ASSERT_EQ(::stat(mount_.path.c_str(), &st), 0);
  }
  void TearDown() override {
    if (!session_) return;
    EXPECT_TRUE(Unmount(mount_.path));
    session_->Stop();
    server_.join();
    loader_.waiting.wishes.clear();  // who was never answered, while there is a session
    loader_.waiting.parts.clear();
    EXPECT_TRUE(served_);
  }

  SnapshotPtr Tree(const std::vector<EntryPtr>& entries) {
    std::vector<File> files;
    for (const EntryPtr& entry : entries) files.push_back({entry, testkit::AccessFor(0, 0, 0400)});
    return Snapshot::Build(files, WallTime(std::chrono::seconds(++trees_)));
  }
  void Publish(Entry& entry, std::string_view text) {
    entry.Publish(testkit::MakeTestValue(text), clock_.Steady(), clock_.Wall());
  }
  [[nodiscard]] std::string Path(std::string_view below) const {
    return mount_.path + "/" + std::string(below);
  }
  [[nodiscard]] static uint64_t InodeOf(const std::string& path) {
    struct stat st {};
    EXPECT_EQ(::stat(path.c_str(), &st), 0) << path;
    return st.st_ino;
  }
  [[nodiscard]] static std::set<std::string> NamesIn(const std::string& folder) {
    std::set<std::string> names;
    for (const auto& item : std::filesystem::directory_iterator(folder))
      names.insert(item.path().filename());
    return names;
  }
  void Announce(bool content = true) {
    Changes changes;
    changes.files.push_back({InodeOf(Path("dir/a")), "dir/a", content});
    session_->Announce(changes);
  }

  testkit::TempDir folder_;
  testkit::FakeClock clock_;
  testkit::FakeAccounts accounts_;
  MountedLoader loader_;
  testkit::RecordingAudit audit_;
  EntryPtr entry_ = testkit::TextEntry("dir/a");
  EntryPtr beside_ = testkit::TextEntry("dir/beside");
  SnapshotCell snapshots_{Snapshot::Build({}, WallTime{})};
  Ops ops_{{snapshots_, loader_, accounts_, audit_, clock_}};
  ProcGroups groups_{clock_};
  Mount mount_;
  std::unique_ptr<Session> session_;
  std::jthread server_;
  bool served_ = false;
  int trees_ = 0;
};

}  // namespace secretfs::fs
