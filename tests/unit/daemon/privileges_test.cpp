#include "daemon/privileges.h"

#include <gtest/gtest.h>

#include "tests/testkit/entries.h"

namespace secretfs {
namespace {

std::vector<File> Files(CallerRule::Kind kind, std::vector<CallerRule> Access::*rules) {
  File file{testkit::TextEntry("x"), {}};
  CallerRule rule;
  rule.kind = kind;
  (file.access.*rules).push_back(rule);
  return {file};
}

TEST(MissingPrivileges, AreNoneWhereProgramsAreSeen) {
  EXPECT_TRUE(MissingPrivileges(Files(CallerRule::Kind::kExecutable, &Access::readers), true, true)
                  .empty());
}

TEST(MissingPrivileges, AreNoneWhereNobodyAsksForPrograms) {
  EXPECT_TRUE(
      MissingPrivileges(Files(CallerRule::Kind::kUnit, &Access::readers), false, false).empty());
}

TEST(MissingPrivileges, SayWhatRulesOfProgramsComeTo) {
  for (const auto rules : {&Access::readers, &Access::confine_to}) {
    const auto missing =
        MissingPrivileges(Files(CallerRule::Kind::kExecutable, rules), false, false);
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_NE(missing[0].Text().find("(exe:) let nobody in"), std::string::npos);
    EXPECT_NE(missing[0].hint.find("CAP_SYS_PTRACE"), std::string::npos);
  }
}

TEST(MissingPrivileges, SayWhatTheAuditLacks) {
  const auto missing = MissingPrivileges({}, true, false);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_NE(missing[0].Text().find("'executable'"), std::string::npos);
}

}  // namespace
}  // namespace secretfs
