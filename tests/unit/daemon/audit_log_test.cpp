#include "daemon/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

AuditEvent Event(bool allowed, std::string name = "db/password") {
  AuditEvent event;
  event.allowed = allowed;
  event.rule = allowed ? "owner" : "none";
  event.name = std::move(name);
  event.uid = 1000;
  event.gid = 100;
  event.pid = 42;
  event.executable = "/usr/bin/cat";
  return event;
}

/// A log whose first line waits until the test lets it go.
class BlockingLog final : public Log {
 public:
  void WaitUntilBlocked() const { blocked_.wait(false); }
  void Release() {
    released_ = true;
    released_.notify_all();
  }
  ~BlockingLog() override { Release(); }

 private:
  void Write(Level /*level*/, const std::string& /*line*/) override {
    blocked_ = true;
    blocked_.notify_all();
    released_.wait(false);
  }
  std::atomic<bool> blocked_ = false;
  std::atomic<bool> released_ = false;
};

class AuditLogTest : public testing::Test {
 protected:
  std::vector<nlohmann::json> Lines() const {
    std::istringstream text(std::string(AsText(ReadFile(file_, 1U << 24U).value())));
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  testkit::TempDir folder_;
  testkit::FakeClock clock_;
  testkit::RecordingLog log_;
  std::string file_ = folder_.path() + "/audit.jsonl";
};

TEST_F(AuditLogTest, WritesEveryDecisionAsALineOfJson) {
  {
    const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value().release();
    const std::unique_ptr<AuditLog> owner(audit);
    EXPECT_TRUE(audit->Wants(true));
    (void)audit->Record(Event(true));
    (void)audit->Record(Event(false));
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["secret"], "db/password");
  EXPECT_EQ(lines[0]["decision"], "granted");
  EXPECT_EQ(lines[1]["decision"], "denied");
  EXPECT_EQ(log_.Count("event=denied secret=db/password operation=open uid=1000"), 1U);
}

TEST_F(AuditLogTest, AppendsAndKeepsTheFileToItsOwner) {
  for (int i = 0; i < 2; ++i)
    (void)AuditLog::Open({.file = file_}, clock_, log_).value()->Record(Event(true));
  EXPECT_EQ(Lines().size(), 2U);
  struct stat st {};
  ASSERT_EQ(stat(file_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
}

TEST_F(AuditLogTest, WithoutAFileOnlyRefusalsAreKept) {
  {
    const auto audit = AuditLog::Open({.file = ""}, clock_, log_).value().release();
    const std::unique_ptr<AuditLog> owner(audit);
    EXPECT_FALSE(audit->Wants(true));
    EXPECT_TRUE(audit->Wants(false));
    (void)audit->Record(Event(false));
  }
  EXPECT_EQ(log_.Count("event=denied"), 1U);
}

TEST_F(AuditLogTest, AFullDiskIsSaidOnceAndWhatWasLostIsCounted) {
  const auto audit = AuditLog::Open({.file = "/dev/full"}, clock_, log_).value();
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(audit->Record(Event(true)));
    while (log_.Count("event=audit_failed to=file") == 0) std::this_thread::yield();
  }
  EXPECT_EQ(audit->dropped(), 0U) << "they may still be written";
  while (audit->dropped() == 0) (void)audit->Record(Event(true, std::string(4000, 'x')));
  EXPECT_EQ(log_.Count("event=audit_failed"), 1U);
}

TEST_F(AuditLogTest, WhatCouldNotBeWrittenComesLater) {
  const std::string folder = folder_.path() + "/log";
  std::filesystem::create_directory(folder);
  file_ = folder + "/audit";
  const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value();
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(audit->Record(Event(true)));
  while (log_.Count("event=audit_failed") == 0) std::this_thread::yield();
  std::filesystem::create_directory(folder);
  while (log_.Count("event=audit_recovered to=file lost=0") == 0) std::this_thread::yield();
  EXPECT_EQ(Lines().size(), 1U);
  EXPECT_EQ(audit->dropped(), 0U);
}

TEST_F(AuditLogTest, WhatMustBeOnRecordIsRefusedWhileItCannotBe) {
  const std::string folder = folder_.path() + "/log";
  std::filesystem::create_directory(folder);
  file_ = folder + "/audit";
  const auto audit = AuditLog::Open({.file = file_, .required = true}, clock_, log_).value();
  EXPECT_TRUE(audit->Record(Event(true, "first")));
  while (!std::filesystem::exists(file_) || std::filesystem::is_empty(file_))
    std::this_thread::yield();
  std::filesystem::remove_all(folder);
  // Slowly, or there would be more lines than are kept, and refusals are dropped first.
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); };
  while (audit->Record(Event(true, "probe"))) pause();
  EXPECT_FALSE(audit->Record(Event(true, "refused")));
  EXPECT_EQ(log_.Count("event=audit_failed"), 1U);
  EXPECT_EQ(log_.Count("event=denied"), 0U) << "the log says it once, not for each request";
  std::filesystem::create_directory(folder);
  while (!audit->Record(Event(true, "again"))) pause();
  bool found = false;
  for (const auto& line : Lines()) {
    if (line["secret"] != "refused") continue;
    found = true;
    EXPECT_EQ(line["decision"], "denied");
    EXPECT_EQ(line["rule"], "audit");
  }
  EXPECT_TRUE(found) << "the refusal is on record as soon as anything is";
}

TEST_F(AuditLogTest, OneOfTwoPlacesIsEnoughToBeOnRecord) {
  const auto audit = AuditLog::Open({.file = file_, .journal = true, .required = true}, clock_,
                                    log_, folder_.path() + "/no-journal")
                         .value();
  EXPECT_TRUE(audit->Record(Event(true)));
  while (log_.Count("event=audit_failed to=journal") == 0) std::this_thread::yield();
  EXPECT_TRUE(audit->Record(Event(true)));
}

TEST_F(AuditLogTest, GoesToTheJournalAsWell) {
  const std::string path = folder_.path() + "/journal";
  const UniqueFd journal(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(journal.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const auto audit = AuditLog::Open({.file = "", .journal = true}, clock_, log_, path).value();
  EXPECT_TRUE(audit->Wants(true));
  EXPECT_TRUE(audit->Record(Event(true)));
  std::array<char, 4096> entry{};
  const ssize_t n = ::recv(journal.get(), entry.data(), entry.size(), 0);
  ASSERT_GT(n, 0);
  EXPECT_NE(std::string_view(entry.data(), static_cast<size_t>(n))
                .find("\nSECRETFS_SECRET=db/password\n"),
            std::string_view::npos);
}

TEST_F(AuditLogTest, AnotherFileTakesOverWithoutALoss) {
  const std::string second = folder_.path() + "/second";
  {
    const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value();
    for (int i = 0; i < 100; ++i) (void)audit->Record(Event(true));
    ASSERT_TRUE(audit->Reconfigure({.file = second}));
    for (int i = 0; i < 100; ++i) (void)audit->Record(Event(true));
    EXPECT_FALSE(audit->Reconfigure({.file = folder_.path() + "/no/such"}));
    (void)audit->Record(Event(true));
    ASSERT_TRUE(audit->Reconfigure({}));
    EXPECT_FALSE(audit->Wants(true));
    EXPECT_EQ(audit->dropped(), 0U);
  }
  const size_t first_lines = Lines().size();
  file_ = second;
  EXPECT_GE(first_lines, 100U);
  EXPECT_EQ(first_lines + Lines().size(), 201U);
}

TEST_F(AuditLogTest, WhatMustBeOnRecordFromNowOnIsGivenAtOnce) {
  for (const std::string& before : {std::string(), std::string("/dev/full")}) {
    const auto audit =
        AuditLog::Open({.file = before, .required = !before.empty()}, clock_, log_).value();
    while (!before.empty() && audit->Record(Event(true))) std::this_thread::yield();
    ASSERT_TRUE(audit->Reconfigure({.file = file_, .required = true}));
    // Mostly the thread has taken over by then; it must not matter.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(audit->Record(Event(true, "next"))) << before;
    const auto size = [&] { return std::filesystem::file_size(file_); };
    while (size() == 0) std::this_thread::yield();
    EXPECT_TRUE(audit->Record(Event(true, "later"))) << before;
    ASSERT_TRUE(audit->Reconfigure({}));
    ASSERT_TRUE(audit->Reconfigure({.file = file_, .required = true}));
    EXPECT_TRUE(audit->Record(Event(true, "last"))) << before;
  }
  size_t found = 0;
  for (const auto& line : Lines()) found += line["decision"] == "granted" ? 1 : 0;
  EXPECT_GE(found, 6U) << "what was given is on record, whoever was asked to keep it meanwhile";
}

TEST_F(AuditLogTest, WhatCouldNotBeWrittenGoesToTheNextFile) {
  {
    const auto audit = AuditLog::Open({.file = "/dev/full"}, clock_, log_).value();
    EXPECT_TRUE(audit->Record(Event(true, "waits")));
    while (log_.Count("event=audit_failed to=file") == 0) std::this_thread::yield();
    ASSERT_TRUE(audit->Reconfigure({.file = file_}));
    while (log_.Count("event=audit_recovered to=file lost=0") == 0) std::this_thread::yield();
    EXPECT_EQ(audit->dropped(), 0U);
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["secret"], "waits");
}

TEST_F(AuditLogTest, AQueueThatIsFullRefusesWhatMustBeOnRecord) {
  // A FIFO that nobody empties would be a failure; a slow log is what fills the queue.
  BlockingLog slow;
  const auto audit = AuditLog::Open({.file = file_, .required = true}, clock_, slow).value();
  (void)audit->Record(Event(false));  // its line in the log holds the thread up
  slow.WaitUntilBlocked();
  size_t kept = 0;
  while (audit->Record(Event(true)) && kept < 20'000) ++kept;
  EXPECT_EQ(kept, 10'000U);
  EXPECT_EQ(audit->dropped(), 1U);
  slow.Release();
  while (!audit->Record(Event(true))) std::this_thread::yield();
}

TEST_F(AuditLogTest, ACredentialThatAUnitDoesNotGetIsInTheLog) {
  AuditEvent event = Event(true);
  event.uid = 0;
  event.executable = "/usr/lib/systemd/systemd";
  event.units.unit = "web.service";
  event.failure = "/etc/web.age: no such file";
  AuditEvent given = event;
  given.failure = "";
  AuditEvent denied = event;
  denied.allowed = false;
  denied.rule = "confine_to";
  denied.failure = "";
  AuditEvent looked_up = denied;
  looked_up.operation = AuditEvent::Operation::kLookup;
  looked_up.rule = "none";
  AuditEvent by_pid_1 = event;
  by_pid_1.units.unit = "init.scope";
  {
    const auto audit = AuditLog::Open({}, clock_, log_).value();
    EXPECT_TRUE(audit->WantsFailure(0));
    EXPECT_FALSE(audit->WantsFailure(1000));
    for (const AuditEvent& each : {event, given, denied, looked_up, by_pid_1})
      (void)audit->Record(each);
  }
  EXPECT_THAT(
      log_.lines(),
      testing::ElementsAre(
          "warning event=credential_failed unit=web.service secret=db/password rule=owner "
          "reason=\"/etc/web.age: no such file\"",
          "warning event=credential_denied unit=web.service secret=db/password rule=confine_to "
          "reason=\"confine_to does not name this unit\"",
          "warning event=credential_denied unit=web.service secret=db/password rule=none "
          "reason=\"no rule lets this unit read it\""));
}

TEST_F(AuditLogTest, ARefusalNamesUnitAndRule) {
  AuditEvent event = Event(false);
  event.rule = "confine_to";
  event.units.unit = "web.service";
  (void)AuditLog::Open({}, clock_, log_).value()->Record(event);
  EXPECT_EQ(log_.Count("event=denied secret=db/password operation=open uid=1000 gid=100 pid=42 "
                       "unit=web.service executable=/usr/bin/cat rule=confine_to"),
            1U);
}

TEST_F(AuditLogTest, AFloodOfRefusalsDoesNotFillTheLog) {
  {
    const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value().release();
    const std::unique_ptr<AuditLog> owner(audit);
    for (int i = 0; i < 300; ++i) (void)audit->Record(Event(false));
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 21U);
  EXPECT_EQ(lines[20]["decision"], "denied");
  EXPECT_EQ(lines[20]["rule"], "flood");
  EXPECT_EQ(lines[20]["uid"], 1000);
  EXPECT_EQ(lines[20]["failure"], "280 more refused");
  EXPECT_EQ(log_.Count("event=denied"), 20U);
  EXPECT_EQ(log_.Count("event=more_denied uid=1000 count=280"), 1U);
}

TEST_F(AuditLogTest, AFloodIsCountedWhileItGoesOnAndHidesNobodyElse) {
  const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value();
  for (int i = 0; i < 100; ++i) (void)audit->Record(Event(false));
  while (log_.Count("event=more_denied uid=1000 count=80") == 0) std::this_thread::yield();
  AuditEvent other = Event(false);
  other.uid = 1001;
  (void)audit->Record(other);
  while (log_.Count("operation=open uid=1001") == 0) std::this_thread::yield();
  for (uid_t uid = 2000; uid < 2020; ++uid) {  // one user may have many ids
    other.uid = uid;
    for (int i = 0; i < 10; ++i) (void)audit->Record(other);
  }
  AuditEvent credential = Event(false);
  credential.uid = 0;
  credential.executable = "/usr/lib/systemd/systemd";
  credential.units.unit = "web.service";
  (void)audit->Record(credential);
  while (log_.Count("event=credential_denied unit=web.service") == 0) std::this_thread::yield();
  clock_.Advance(std::chrono::seconds(1));
  (void)audit->Record(Event(false, "a second later"));
  while (log_.Count("event=denied secret=\"a second later\"") == 0) std::this_thread::yield();
}

TEST_F(AuditLogTest, AFileThatCannotBeOpenedIsAnError) {
  const auto audit = AuditLog::Open({.file = folder_.path() + "/no/such"}, clock_, log_);
  ASSERT_FALSE(audit);
  EXPECT_NE(audit.error().Text().find("cannot open the audit file"), std::string::npos);
}

}  // namespace
}  // namespace secretfs
