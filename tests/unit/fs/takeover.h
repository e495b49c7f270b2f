// A mount whose servers can be replaced, for tests: each has values, a loader and a session of its
// own, as another process would.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
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

constexpr int kPatienceMs = 60'000;

/// Whether it becomes so before the test has to be taken to hang.
template <class Condition>
bool Becomes(const Condition& condition) {
  for (int waited = 0; waited < kPatienceMs; waited += 2) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

inline Fingerprint FingerprintOf(std::string_view text) {
  Fingerprint fingerprint{};
  std::memcpy(fingerprint.data(), text.data(), std::min(text.size(), fingerprint.size()));
  return fingerprint;
}

inline void PublishMarked(Entry& entry, std::string_view text) {
  Value value = testkit::MakeTestValue(text);
  value.fingerprint = FingerprintOf(text);
  const testkit::FakeClock clock;
  entry.Publish(std::move(value), clock.Steady(), clock.Wall());
}

/// Texts by name; one without a text has no value until a test answers who waits for it.
using Texts = std::map<std::string, std::optional<std::string>>;

/// For the thread that receives and that of the test.
class SharedLoader final : public Loader {
 public:
  /// What the server was at when it wanted a value, and when.
  struct Note {
    uint64_t suspect;
    std::chrono::steady_clock::time_point time;
  };
  explicit SharedLoader(State* state) : state_(state) {}
  Ticket Want(const EntryPtr& entry, SteadyTime deadline, Patience patience, Done done) override {
    const std::lock_guard lock(mutex_);
    if (state_ != nullptr)
      notes_.push_back({state_->layout().suspect, std::chrono::steady_clock::now()});
    return loader_.Want(entry, deadline, patience, std::move(done));
  }
  Ticket Read(Part part, PartDone done) override {
    const std::lock_guard lock(mutex_);
    return loader_.Read(std::move(part), std::move(done));
  }
  void Cancel(Ticket ticket) override {
    const std::lock_guard lock(mutex_);
    loader_.Cancel(ticket);
  }
  void Answer(const Result<ValuePtr>& value) {
    const std::lock_guard lock(mutex_);
    loader_.Answer(value);
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    loader_.wishes.clear();
    loader_.parts.clear();
  }
  [[nodiscard]] size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return loader_.wishes.size();
  }

  /// Of a server that has ended.
  [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }

 private:
  State* const state_;
  mutable std::recursive_mutex mutex_;
  testkit::FakeLoader loader_;
  std::vector<Note> notes_;
};

class Server {
 public:
  Server(const Mount& mount, State* state, const Texts& texts, Recovery recovery = {})
      : loader(state) {
    std::vector<File> files;
    for (const auto& [name, text] : texts) {
      const EntryPtr entry = entries[name] = testkit::TextEntry(name);
      if (text) PublishMarked(*entry, *text);
      files.push_back({entry, testkit::AccessFor(0, 0, 0400)});
    }
    const EntryPtr closed = testkit::TextEntry("closed");
    PublishMarked(*closed, "x");
    files.push_back({closed, testkit::AccessFor(0, 0, 0400)});
    snapshots.Publish(Snapshot::Build(files, WallTime(std::chrono::seconds(1))));
    const bool first = state != nullptr && state->counters().generations == 0;
    auto made = Session::Create(mount, ops, groups, state, recovery);
    if (!made) {
      refused = made.error();
      return;
    }
    session = *std::move(made);
    thread_ = std::jthread([this] { served = session->Serve().has_value(); });
    if (first) LearnToClose(mount, *state);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { Leave(); }
  /// As one that is replaced, or ended: whom it has not answered it does not answer any more.
  void Leave() {
    if (!session) return;
    session->Leave();
    Forget();
  }
  void Forget() {
    thread_.join();
    loader.Forget();
    session.reset();
  }
  void Stop() {
    session->Stop();
    Forget();
  }

  testkit::FakeClock clock;
  testkit::FakeAccounts accounts;
  SharedLoader loader;
  testkit::RecordingAudit audit;
  std::map<std::string, EntryPtr> entries;
  SnapshotCell snapshots{Snapshot::Build({}, WallTime{})};
  std::atomic<int> not_reopened = 0;
  Ops ops{{snapshots, loader, accounts, audit, clock, ::geteuid(), ::getegid(),
           [this](const ReopenFailure&) { ++not_reopened; }}};
  ProcGroups groups{clock};
  std::unique_ptr<Session> session;
  std::optional<Error> refused;
  std::atomic<bool> served = false;

 private:
  /// A first close waits for an answer, which a test would not get that closes with nobody serving.
  static void LearnToClose(const Mount& mount, State& state) {
    ::close(::open((mount.path + "/closed").c_str(), O_RDONLY | O_CLOEXEC));
    Becomes([&] {
      return std::ranges::none_of(state.layout().records,
                                  [](const OpenRecord& record) { return record.handle != 0; });
    });
  }
  std::jthread thread_;
};

/// One who opens a file, or reads an open one, on a thread of his own.
class Reader {
 public:
  explicit Reader(std::string path)
      : thread_([this, path = std::move(path)] {
          const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
          fd ? Read(fd.get()) : End(-errno);
        }) {}
  explicit Reader(int fd) : thread_([this, fd] { Read(fd); }) {}
  [[nodiscard]] bool ended() const { return ended_; }
  /// What was read, or the errno as "#5".
  std::string Said() {
    if (!Becomes([this] { return ended_.load(); })) return "(waits for ever)";
    return error_ == 0 ? text_ : '#' + std::to_string(-error_);
  }

 private:
  void Read(int fd) {
    std::array<char, 100> said{};
    const ssize_t size = ::pread(fd, said.data(), said.size(), 0);
    if (size >= 0) text_.assign(said.data(), static_cast<size_t>(size));
    End(size < 0 ? -errno : 0);
  }
  void End(int error) {
    error_ = error;
    ended_ = true;
  }
  std::string text_;
  int error_ = 0;
  std::atomic<bool> ended_ = false;
  std::jthread thread_;
};

/// Real mounts, which only root can make.
class TakeoverTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/fuse", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "needs root and /dev/fuse, to mount";
    }
    auto mount = MountAt(folder_ / "mnt");
    if (!mount && mount.error().code == Code::kPermission) GTEST_SKIP() << "may not mount";
    ASSERT_TRUE(mount) << mount.error().Text();
    mount_ = *std::move(mount);
    memory_ = *State::Make();
    state_ = *State::Open(memory_.get());
  }
  void TearDown() override {
    if (!mount_.device) return;
    Abort();
    EXPECT_TRUE(Unmount(mount_.path));
  }
  /// Answers all who wait, whoever serves.
  void Abort() const { ::umount2(mount_.path.c_str(), MNT_FORCE); }
  [[nodiscard]] std::string Path(std::string_view below) const {
    return mount_.path + "/" + std::string(below);
  }
  [[nodiscard]] UniqueFd Open(std::string_view below) const {
    return UniqueFd(::open(Path(below).c_str(), O_RDONLY | O_CLOEXEC));
  }
  [[nodiscard]] std::string ReadAll(std::string_view below) const {
    return Reader(Path(below)).Said();
  }
  /// Receives a request as a server would that dies before it does more; empty when none comes.
  size_t Take(ByteSpan into) const {
    ssize_t size = -1;
    Becomes([&] {
      if (size <= 0) size = ::read(mount_.device.get(), into.data(), into.size());
      return size > 0;
    });
    return size < 0 ? 0 : static_cast<size_t>(size);
  }
  size_t TakeAndDie() const { return Take(ByteSpan(state_->layout().landing)); }
  [[nodiscard]] size_t used_slots() const {
    size_t used = 0;
    for (const Slot& slot : state_->layout().slots) used += slot.unique != 0 ? 1U : 0U;
    return used;
  }
  [[nodiscard]] size_t used_records() const {
    size_t used = 0;
    for (const OpenRecord& record : state_->layout().records) used += record.handle != 0 ? 1U : 0U;
    return used;
  }

  testkit::TempDir folder_;
  Mount mount_;
  UniqueFd memory_;
  std::unique_ptr<State> state_;
};

constexpr Recovery kBySlots{.resend = false, .slots = true};
constexpr Recovery kByResend{.resend = true, .slots = false};
constexpr Recovery kNone{.resend = false, .slots = false};

}  // namespace secretfs::fs
