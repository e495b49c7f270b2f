#include "cli/audit_record.h"

#include <gtest/gtest.h>

#include <chrono>

namespace secretfs {
namespace {

constexpr const char* kLine =
    R"({"time":"2026-11-20T14:59:48.607Z","operation":"open","secret":"db/password","version":3,)"
    R"("uid":0,"gid":0,"pid":43,"tgid":42,"unit":"db.service","user_unit":"",)"
    R"("executable":"/usr/bin/cat","rule":"root","decision":"granted"})";

std::vector<std::string> Row(const std::string& line) {
  return AuditRow(ParseAuditLine(line).value(), "root");
}

TEST(AuditRecord, IsARowThatAPersonCanRead) {
  EXPECT_EQ(Row(kLine),
            (std::vector<std::string>{"2026-11-20 14:59:48.607", "granted", "db/password", "3",
                                      "root", "db.service", "/usr/bin/cat", "42", "root"}));
  EXPECT_EQ(AuditHeading().size(), Row(kLine).size());
}

TEST(AuditRecord, WhatFailedSaysWhy) {
  std::string line = kLine;
  line.insert(line.size() - 1, R"(,"failure":"not there in time")");
  EXPECT_EQ(Row(line)[1], "failed");
  EXPECT_EQ(Row(line).back(), "root: not there in time");
}

TEST(AuditRecord, LinesOfTheFirstVersionCanBeRead) {
  const auto row = Row(
      R"({"time":"2026-11-20T14:59:48.607Z","operation":"open","secret":"a","decision":"denied",)"
      R"("rule":"none","uid":7,"gid":7,"pid":9,"executable":""})");
  EXPECT_EQ(row, (std::vector<std::string>{"2026-11-20 14:59:48.607", "denied", "a", "-", "root",
                                           "-", "-", "9", "none"}));
}

TEST(AuditRecord, WhatIsNoRecordIsNone) {
  for (const char* line : {"", "{", "[]", "null", "{}", R"({"time":1,"secret":"a","decision":"x"})",
                           R"({"time":"t","secret":"a"})", R"({"time":"t","decision":"denied"})",
                           R"({"time":"t","secret":"a","decision":"denied","uid":"x"})", "\xff\xfe",
                           R"({"time":"t","secret":"a","decision":"denied")"}) {
    EXPECT_FALSE(ParseAuditLine(line)) << line;
  }
}

TEST(AuditRecord, NamesCannotMoveTheCursor) {
  const auto row =
      Row(R"({"time":"\u001b[1m","secret":"a\u001b[2J","decision":"denied","unit":"\u0007",)"
          R"("executable":"\n","rule":"\u001b","failure":"\u001b"})");
  for (const std::string& cell : row) {
    for (const char c : cell) EXPECT_GE(c, ' ') << cell;
  }
}

TEST(AuditFilter, TakesWhatFitsAllThatIsAsked) {
  const AuditRecord record = ParseAuditLine(kLine).value();
  const auto fits = [&](const AuditFilter& filter) { return filter.Fits(record); };
  EXPECT_TRUE(fits({}));
  EXPECT_TRUE(fits({.secrets = {"web/*", "db/*"}}));
  EXPECT_FALSE(fits({.secrets = {"db"}}));
  EXPECT_TRUE(fits({.units = {"d*.service"}}));
  EXPECT_FALSE(fits({.units = {"nginx.service"}}));
  EXPECT_FALSE(fits({.secrets = {"db/*"}, .units = {"nginx.service"}}));
  EXPECT_FALSE(fits({.denied = true}));
  EXPECT_TRUE(fits({.since = "2026-11-20T14:59"}));
  EXPECT_FALSE(fits({.since = "2026-11-20T15"}));
}

TEST(AuditFilter, AUnitIsTheUsersToo) {
  AuditRecord record = ParseAuditLine(kLine).value();
  record.user_unit = "mine.service";
  EXPECT_TRUE(AuditFilter{.units = {"mine.service"}}.Fits(record));
}

TEST(ReadSince, TakesDurationsAndTimes) {
  const WallTime now{std::chrono::seconds(1'000'000'000)};
  EXPECT_EQ(ReadSince("10m", now).value(), "2001-09-09T01:36:40.000Z");
  EXPECT_EQ(ReadSince("2d", now).value(), "2001-09-07T01:46:40.000Z");
  EXPECT_EQ(ReadSince("2026-11-20", now).value(), "2026-11-20");
  EXPECT_EQ(ReadSince("2026-11-20 14:00", now).value(), "2026-11-20T14:00");
  EXPECT_EQ(ReadSince("2026-11-20T14:00:00Z", now).value(), "2026-11-20T14:00:00");
  for (const char* wrong :
       {"", "yesterday", "10", "-5m", "10w", "2026-11", "2026-11-20T14:00:00+01",
        "99999999999999999999d", "2026-11-20T14:00:00.0000"}) {
    EXPECT_FALSE(ReadSince(wrong, now)) << wrong;
  }
}

}  // namespace
}  // namespace secretfs
