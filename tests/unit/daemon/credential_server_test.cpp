// With real sockets; whoever connects has the unit that a test gives him.
#include "daemon/credential_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <condition_variable>
#include <cstring>
#include <map>
#include <thread>

#include "daemon/credential_request.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_caller.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/recording_audit.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

constexpr int kPatience = 30'000;  // ms, for what must come

/// Gives what an entry has, and keeps those who want what is not there until a test lets go.
class SlowLoader final : public Loader {
 public:
  Ticket Want(const EntryPtr& entry, SteadyTime, Patience patience, Done done) override {
    EXPECT_EQ(patience, Patience::kUntilDeadline);
    if (ValuePtr value = entry->value()) {
      done(value);
      return 0;
    }
    const std::lock_guard lock(mutex_);
    waiting_[++last_] = std::move(done);
    changed_.notify_all();
    return last_;
  }
  void Cancel(Ticket ticket) override {
    Answer(ticket, Error{Code::kInterrupted, "interrupted", "", ""});
  }
  Ticket Read(Part, PartDone) override { return 0; }
  void Answer(Ticket ticket, const Result<ValuePtr>& value) {
    Done done;
    {
      const std::lock_guard lock(mutex_);
      const auto at = waiting_.find(ticket);
      if (at == waiting_.end()) return;
      done = std::move(at->second);
      waiting_.erase(at);
      changed_.notify_all();
    }
    done(value);
  }
  /// Whether more than so many come to wait; a fifth of a second is enough for who would.
  bool ComeToBeMoreThan(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(200),
                             [&] { return waiting_.size() > count; });
  }
  /// Whether so many wait, or come to wait in time.
  bool AwaitWaiting(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(kPatience),
                             [&] { return waiting_.size() == count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Ticket, Done> waiting_;
  Ticket last_ = 0;
};

CallerRule ForUnit(const std::string& unit) {
  return {CallerRule::Kind::kUnit, {}, unit, "unit:" + unit};
}

class CredentialServerTest : public testing::Test {
 protected:
  void Declare(const std::string& unit, const EntryPtr& entry) {
    Access access = testkit::AccessFor(0, 0, 0400);
    access.readers = {ForUnit(unit)};
    files_.push_back({entry, access});
    snapshots_.Publish(Snapshot::Build(files_, {}));
  }
  void Declare(const std::string& name, const std::string& unit, const std::string& text) {
    auto entry = testkit::TextEntry(name);
    entry->Publish(testkit::MakeTestValue(text), {}, {});
    Declare(unit, entry);
  }

  void Start(std::vector<CredentialSocket> sockets) {
    auto server = CredentialServer::Start(
        std::move(sockets),
        {snapshots_, loader_, accounts_, audit_, clock_, log_, [this](uid_t, gid_t gid, pid_t pid) {
           // Root, as systemd's own is, whoever runs the test.
           auto caller = std::make_unique<testkit::FakeCaller>(0, gid, std::vector<gid_t>{}, pid);
           caller->units.unit = unit_;
           return caller;
         }});
    ASSERT_TRUE(server) << server.error().Text();
    server_ = std::move(*server);
  }
  void Start() { Start({{path_, ""}}); }

  /// Connected as systemd does it for a credential of `unit`; or not bound to a name, for "".
  UniqueFd Connect(const std::string& unit, const std::string& id, const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!unit.empty()) {
      const std::string name =
          std::to_string(::getpid()) + std::to_string(++connected_) + "/unit/" + unit + "/" + id;
      std::memcpy(address.sun_path + 1, name.data(), name.size());
      const auto size = offsetof(sockaddr_un, sun_path) + 1 + name.size();
      EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                       static_cast<socklen_t>(size)),
                0);
    }
    address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      return {};
    }
    ::shutdown(fd.get(), SHUT_WR);
    return fd;
  }
  static std::string Read(const UniqueFd& fd, size_t most = kMaxCredentialBytes + 1) {
    std::string got;
    std::vector<char> part(65536);
    while (got.size() < most) {
      pollfd ready{fd.get(), POLLIN, 0};
      if (::poll(&ready, 1, kPatience) != 1) return "(nothing came)";
      const ssize_t n = ::read(fd.get(), part.data(), part.size());
      if (n <= 0) break;
      got.append(part.data(), static_cast<size_t>(n));
    }
    return got;
  }
  /// What a unit gets; "refused" if that is more than systemd takes, and all zeros.
  std::string Ask(const std::string& unit, const std::string& id) { return Ask(unit, id, path_); }
  std::string Ask(const std::string& unit, const std::string& id, const std::string& path) {
    return Outcome(Connect(unit, id, path));
  }
  static std::string Outcome(const UniqueFd& fd) {
    const std::string got = Read(fd);
    const bool zeros = got.find_first_not_of('\0') == std::string::npos;
    return got.size() > kMaxCredentialBytes && zeros ? "refused" : got;
  }

  testkit::TempDir dir_;
  const std::string path_ = dir_.path() + "/credentials.sock";
  std::string unit_ = "a.service";  // of whoever connects
  std::vector<File> files_;
  SnapshotCell snapshots_{Snapshot::Build({}, {})};
  SlowLoader loader_;
  testkit::FakeAccounts accounts_;
  testkit::RecordingAudit audit_;
  testkit::FakeClock clock_;
  testkit::RecordingLog log_;
  int connected_ = 0;
  std::unique_ptr<CredentialServer> server_;
};

TEST_F(CredentialServerTest, GivesAUnitWhatItMayHave) {
  Declare("db/prod/password", "a.service", std::string("hunter2\0\n", 9));
  Start();
  EXPECT_EQ(Ask("a.service", "db.prod.password"), std::string("hunter2\0\n", 9));
  const auto events = audit_.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].operation, AuditEvent::Operation::kCredential);
  EXPECT_TRUE(events[0].allowed);
  EXPECT_EQ(events[0].name, "db/prod/password");
  EXPECT_EQ(events[0].rule, "unit:a.service");
  EXPECT_EQ(events[0].version, 1U);
  EXPECT_EQ(events[0].failure, "");
  EXPECT_EQ(events[0].units.unit, "a.service");
  EXPECT_EQ(events[0].pid, ::getpid());
}

TEST_F(CredentialServerTest, RefusesWhomNoRuleNamesWithMoreThanSystemdTakes) {
  Declare("secret", "b.service", "hunter2");
  Start();
  EXPECT_EQ(Ask("a.service", "secret"), "refused");
  ASSERT_EQ(audit_.events().size(), 1U);
  EXPECT_FALSE(audit_.events()[0].allowed);
  EXPECT_EQ(audit_.events()[0].name, "secret");
}

TEST_F(CredentialServerTest, RefusesWhatDoesNotExistAndSaysSoOnRecord) {
  Start();
  EXPECT_EQ(Ask("a.service", "secret"), "refused");
  ASSERT_EQ(audit_.events().size(), 1U);
  EXPECT_FALSE(audit_.events()[0].allowed);
  EXPECT_EQ(audit_.events()[0].failure, "there is no such secret or view");
}

TEST_F(CredentialServerTest, BelievesTheCgroupAndNotTheName) {
  Declare("secret", "a.service", "hunter2");
  Start();
  unit_ = "evil.service";
  EXPECT_EQ(Ask("a.service", "secret"), "refused");
  unit_ = "";
  EXPECT_EQ(Ask("a.service", "secret"), "refused");
  unit_ = "a.service";
  EXPECT_EQ(Ask("", ""), "refused") << "without a name";
  EXPECT_EQ(Ask("a.service", "a:b"), "refused") << "with a wrong one";
  for (const AuditEvent& event : audit_.events()) {
    EXPECT_FALSE(event.allowed);
    EXPECT_NE(event.failure, "");
  }
  EXPECT_EQ(audit_.events().size(), 4U);
}

TEST_F(CredentialServerTest, GivesThroughASocketOfAScopeWhatIsBelowIt) {
  Declare("db.prod/password", "a.service", "beside");
  Declare("db/prod/password", "a.service", "below");
  Declare("password", "a.service", "above");
  const std::string scoped = dir_.path() + "/credentials/db.prod.sock";
  Start({{path_, ""}, {scoped, "db/prod"}});
  EXPECT_EQ(Ask("a.service", "password", scoped), "below");
  EXPECT_EQ(Ask("a.service", "password"), "above");
  EXPECT_EQ(Ask("a.service", "db.prod.password", scoped), "refused");
}

TEST_F(CredentialServerTest, KeepsWhoWaitsUntilTheValueIsThere) {
  const auto entry = testkit::TextEntry("slow");
  Declare("a.service", entry);
  Start();
  const UniqueFd first = Connect("a.service", "slow", path_);
  ASSERT_TRUE(loader_.AwaitWaiting(1));
  const UniqueFd second = Connect("a.service", "slow", path_);
  ASSERT_TRUE(loader_.AwaitWaiting(2));
  loader_.Answer(2, entry->Publish(testkit::MakeTestValue("late"), {}, {}));
  EXPECT_EQ(Read(second), "late");
  loader_.Answer(1, Error{Code::kTimeout, "it is not there in time", "", ""});
  EXPECT_EQ(Outcome(first), "refused");
  ASSERT_EQ(audit_.events().size(), 2U);
  EXPECT_TRUE(audit_.events()[1].allowed);
  EXPECT_EQ(audit_.events()[1].failure, "it is not there in time");
  EXPECT_EQ(audit_.events()[1].version, 0U);
}

TEST_F(CredentialServerTest, TakesBackTheWishOfWhoHasGone) {
  Declare("a.service", testkit::TextEntry("slow"));
  Start();
  UniqueFd gone = Connect("a.service", "slow", path_);
  ASSERT_TRUE(loader_.AwaitWaiting(1));
  gone.reset();
  EXPECT_TRUE(loader_.AwaitWaiting(0));
}

TEST_F(CredentialServerTest, RefusesWhatIsMoreThanSystemdTakes) {
  Declare("most", "a.service", std::string(kMaxCredentialBytes, 'x'));
  Declare("over", "a.service", std::string(kMaxCredentialBytes + 1, 'x'));
  Start();
  EXPECT_EQ(Ask("a.service", "most"), std::string(kMaxCredentialBytes, 'x'));
  EXPECT_EQ(Ask("a.service", "over"), "refused");
  EXPECT_THAT(audit_.events()[1].failure, testing::HasSubstr("1 MiB"));
}

TEST_F(CredentialServerTest, GivesNothingThatCannotBePutOnRecord) {
  Declare("secret", "a.service", "hunter2");
  audit_.keeps = false;
  Start();
  EXPECT_EQ(Ask("a.service", "secret"), "refused");
}

TEST_F(CredentialServerTest, ServesOthersWhileManyWaitAndLeavesTheRestInTheQueue) {
  Declare("a.service", testkit::TextEntry("slow"));
  Declare("quick", "a.service", "quick");
  Start();
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 63; ++i) waiting.push_back(Connect("a.service", "slow", path_));
  ASSERT_TRUE(loader_.AwaitWaiting(63));
  EXPECT_EQ(Ask("a.service", "quick"), "quick");
  for (int i = 63; i < 100; ++i) waiting.push_back(Connect("a.service", "slow", path_));
  ASSERT_TRUE(loader_.AwaitWaiting(64));
  EXPECT_FALSE(loader_.ComeToBeMoreThan(64)) << "the others stay in the queue";
  const Result<ValuePtr> failed = Error{Code::kTimeout, "it is not there in time", "", ""};
  for (uint64_t ticket = 1; ticket <= 64; ++ticket) loader_.Answer(ticket, failed);
  for (size_t i = 0; i < 64; ++i) EXPECT_EQ(Outcome(std::exchange(waiting[i], {})), "refused");
  ASSERT_TRUE(loader_.AwaitWaiting(36)) << "and come when there is room";
  for (uint64_t ticket = 65; ticket <= 100; ++ticket) loader_.Answer(ticket, failed);
  for (size_t i = 64; i < 100; ++i) EXPECT_EQ(Outcome(std::exchange(waiting[i], {})), "refused");
}

TEST_F(CredentialServerTest, RefusesWhoWaitsWhenItStops) {
  Declare("a.service", testkit::TextEntry("slow"));
  Start();
  UniqueFd waiting = Connect("a.service", "slow", path_);
  ASSERT_TRUE(loader_.AwaitWaiting(1));
  std::jthread stopper([&] { server_.reset(); });
  EXPECT_EQ(Outcome(waiting), "refused");
  waiting.reset();
  stopper.join();
  EXPECT_NE(::access(path_.c_str(), F_OK), 0);
  EXPECT_FALSE(Connect("a.service", "slow", path_));
}

TEST_F(CredentialServerTest, MakesSocketsThatOnlyRootCanUse) {
  Start();
  struct stat made {};
  ASSERT_EQ(::stat(path_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode, S_IFSOCK | 0600U);
}

TEST_F(CredentialServerTest, TakesThePlaceOfADeadSocketOnly) {
  const std::string aside = path_ + ".aside";
  {
    const auto dead = CredentialListener::Make({path_, ""});
    ASSERT_TRUE(dead);
    ::rename(path_.c_str(), aside.c_str());
  }
  ::rename(aside.c_str(), path_.c_str());
  EXPECT_TRUE(CredentialListener::Make({path_, ""}));
  const auto living = CredentialListener::Make({path_, ""});
  ASSERT_TRUE(living);
  const auto second = CredentialListener::Make({path_, ""});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kInvalid);
  EXPECT_EQ(second.error().Text(), path_ + ": another process answers at this socket");
  const auto folder = CredentialListener::Make({dir_.path(), ""});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().what, "is there, and is no socket");
  EXPECT_FALSE(CredentialListener::Make({dir_.path() + "/" + std::string(120, 'x'), ""}));
}

TEST(CredentialSockets, LieInTheRuntimeDirectoryUnlessTheConfigurationSays) {
  using Sockets = std::vector<CredentialSocket>;
  EXPECT_EQ(CredentialSockets({}, ""), Sockets{});
  EXPECT_EQ(CredentialSockets({}, "/run/secretfs"),
            (Sockets{{"/run/secretfs/credentials.sock", ""}}));
  EXPECT_EQ(CredentialSockets({}, "/run/a:/run/b"), (Sockets{{"/run/a/credentials.sock", ""}}));
  EXPECT_EQ(CredentialSockets({"/x/y.sock", {"db", "web/prod"}}, "/run/secretfs"),
            (Sockets{{"/x/y.sock", ""},
                     {"/x/credentials/db.sock", "db"},
                     {"/x/credentials/web.prod.sock", "web/prod"}}));
}

}  // namespace
}  // namespace secretfs
