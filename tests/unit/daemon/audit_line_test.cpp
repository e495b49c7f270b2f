#include "daemon/audit_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace secretfs {
namespace {

AuditEvent SomeEvent() {
  AuditEvent event;
  event.allowed = true;
  event.rule = "unit:db.service";
  event.name = "db/password";
  event.version = 3;
  event.uid = 1000;
  event.gid = 100;
  event.pid = 43;
  event.process = 42;
  event.units.unit = "user@1000.service";
  event.units.user_unit = "db.service";
  event.executable = "/usr/bin/cat";
  return event;
}

constexpr WallTime kTime{std::chrono::seconds(1'000'000'000)};

TEST(AuditLine, HasAllFieldsInTheOrderOfTheManual) {
  EXPECT_EQ(AuditLine(kTime, SomeEvent()),
            R"({"time":"2001-09-09T01:46:40.000Z","operation":"open","secret":"db/password",)"
            R"("version":3,"uid":1000,"gid":100,"pid":43,"tgid":42,"unit":"user@1000.service",)"
            R"("user_unit":"db.service","executable":"/usr/bin/cat","rule":"unit:db.service",)"
            R"("decision":"granted"})"
            "\n");
}

TEST(AuditLine, TellsTheFailureOfWhatWasGranted) {
  AuditEvent event = SomeEvent();
  event.failure = "not there in time";
  const auto line = nlohmann::json::parse(AuditLine(kTime, event));
  EXPECT_EQ(line["decision"], "granted");
  EXPECT_EQ(line["failure"], "not there in time");
}

TEST(AuditLine, NamesCannotForgeALine) {
  AuditEvent event = SomeEvent();
  event.name = "a\n{\"decision\":\"granted\"}\xff";
  event.executable = "/tmp/\"\\\x7f";
  event.units.unit = "a\"b";
  const std::string line = AuditLine(kTime, event);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["executable"], "/tmp/\"\\\x7f");
  EXPECT_EQ(json["unit"], "a\"b");
}

TEST(AuditLine, EachOperationHasItsName) {
  using Operation = AuditEvent::Operation;
  EXPECT_EQ(OperationName(Operation::kOpen), "open");
  EXPECT_EQ(OperationName(Operation::kAccess), "access");
  EXPECT_EQ(OperationName(Operation::kLookup), "lookup");
  EXPECT_EQ(OperationName(Operation::kCredential), "credential");
}

TEST(JournalEntry, HasAMessageAndTheFactsAsFields) {
  EXPECT_EQ(JournalEntry(SomeEvent()),
            "MESSAGE=granted open of 'db/password' to uid 1000 in user@1000.service (rule "
            "unit:db.service)\n"
            "PRIORITY=6\nSYSLOG_IDENTIFIER=secretfs\nSECRETFS_OPERATION=open\n"
            "SECRETFS_SECRET=db/password\nSECRETFS_VERSION=3\nSECRETFS_UID=1000\n"
            "SECRETFS_GID=100\nSECRETFS_PID=43\nSECRETFS_TGID=42\n"
            "SECRETFS_UNIT=user@1000.service\nSECRETFS_USER_UNIT=db.service\n"
            "SECRETFS_EXECUTABLE=/usr/bin/cat\nSECRETFS_RULE=unit:db.service\n"
            "SECRETFS_DECISION=granted\n");
}

TEST(JournalEntry, RefusalsAndFailuresAreWarnings) {
  AuditEvent denied = SomeEvent();
  denied.allowed = false;
  EXPECT_NE(JournalEntry(denied).find("\nPRIORITY=4\n"), std::string::npos);
  EXPECT_NE(JournalEntry(denied).find("MESSAGE=denied open of"), std::string::npos);
  AuditEvent failed = SomeEvent();
  failed.failure = "no such file";
  EXPECT_NE(JournalEntry(failed).find("\nPRIORITY=4\n"), std::string::npos);
  EXPECT_NE(JournalEntry(failed).find("\nSECRETFS_FAILURE=no such file\n"), std::string::npos);
}

TEST(JournalEntry, ANewlineInAValueCannotBeginAnotherField) {
  AuditEvent event = SomeEvent();
  event.executable = "/tmp/x\nSECRETFS_RULE=root";
  const std::string entry = JournalEntry(event);
  const std::string length("\x19\0\0\0\0\0\0\0", 8);
  EXPECT_NE(entry.find("\nSECRETFS_EXECUTABLE\n" + length + event.executable + "\n"),
            std::string::npos);
}

}  // namespace
}  // namespace secretfs
