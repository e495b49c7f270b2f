#include "daemon/audit_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <sstream>

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
  EXPECT_EQ(lines[0], (nlohmann::json{{"time", "2001-09-09T01:46:40.000Z"},
                                      {"operation", "open"},
                                      {"secret", "db/password"},
                                      {"decision", "granted"},
                                      {"rule", "owner"},
                                      {"uid", 1000},
                                      {"gid", 100},
                                      {"pid", 42},
                                      {"executable", "/usr/bin/cat"}}));
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

TEST_F(AuditLogTest, NamesCannotForgeALine) {
  (void)AuditLog::Open({.file = file_}, clock_, log_)
      .value()
      ->Record(Event(false, "a\n{\"decision\":\"granted\"}\xff"));
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["decision"], "denied");
  for (const std::string& line : log_.lines()) EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST_F(AuditLogTest, AFullDiskIsCountedAndSaidOnce) {
  const auto audit = AuditLog::Open({.file = "/dev/full"}, clock_, log_).value().release();
  const std::unique_ptr<AuditLog> owner(audit);
  constexpr uint64_t kEvents = 10;
  for (uint64_t i = 0; i < kEvents; ++i) (void)audit->Record(Event(true));
  while (audit->dropped() < kEvents || log_.Count("event=audit_failed") == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(log_.Count("event=audit_failed"), 1U);
}

TEST_F(AuditLogTest, AFloodOfRefusalsDoesNotFillTheLog) {
  {
    const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value().release();
    const std::unique_ptr<AuditLog> owner(audit);
    for (int i = 0; i < 300; ++i) (void)audit->Record(Event(false));
  }
  EXPECT_EQ(Lines().size(), 300U) << "the file has them all";
  EXPECT_EQ(log_.Count("event=denied"), 100U);
  EXPECT_EQ(log_.Count("event=more_denied count=200"), 1U);
}

TEST_F(AuditLogTest, ALineAfterAFailedWriteStandsAlone) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  const std::string line = AuditLine(clock_.Wall(), Event(true));
  const rlimit cut{line.size() / 2, old.rlim_max};  // as a disk that is full after half a line
  const auto audit = AuditLog::Open({.file = file_}, clock_, log_).value().release();
  const std::unique_ptr<AuditLog> owner(audit);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &cut), 0);
  (void)audit->Record(Event(true, "lost"));
  while (audit->dropped() == 0) std::this_thread::yield();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  (void)audit->Record(Event(true, "kept"));
  std::string text;
  do {
    text = std::string(AsText(ReadFile(file_, 1U << 20U).value()));
  } while (text.find("kept") == std::string::npos);
  const std::string last = text.substr(text.rfind('\n', text.size() - 2) + 1);
  EXPECT_EQ(nlohmann::json::parse(last)["secret"], "kept");
}

TEST_F(AuditLogTest, AFileThatCannotBeOpenedIsAnError) {
  const auto audit = AuditLog::Open({.file = folder_.path() + "/no/such"}, clock_, log_);
  ASSERT_FALSE(audit);
  EXPECT_NE(audit.error().Text().find("cannot open the audit file"), std::string::npos);
}

}  // namespace
}  // namespace secretfs
