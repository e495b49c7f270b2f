#include "core/unit_risks.h"

#include <gtest/gtest.h>

namespace secretfs {
namespace {

const PathTrace kTrace("/run/secrets", {{"/etc/app/key", "/run/secrets/app/key"}}, {});

/// "DIRECTIVE LINE BELOW" of each risk.
std::vector<std::string> Risks(const std::string& text, const std::string& unit = "a.service") {
  const UnitFile file{"/etc/systemd/system/" + unit, ParseUnitFile(text)};
  std::vector<std::string> out;
  for (const UnitRisk& risk : RisksOf(unit, {&file, 1}, kTrace)) {
    EXPECT_EQ(risk.unit, unit);
    EXPECT_EQ(risk.file, file.path);
    out.push_back(risk.directive + " " + std::to_string(risk.line) + " " + risk.below);
  }
  return out;
}
using Texts = std::vector<std::string>;

TEST(UnitRisks, FindWhatSystemdReadsItself) {
  EXPECT_EQ(
      Risks("[Unit]\n"
            "ConditionPathExists=!/run/secrets/a\n"
            "AssertFileNotEmpty=|! /run/secrets/b\n"
            "ConditionPathIsMountPoint=/run/secrets\n"
            "[Service]\n"
            "EnvironmentFile=-/run/secrets/app.env\n"
            "EnvironmentFile=/run/secrets/*.env\n"
            "PIDFile=secrets/pid\n"),
      (Texts{"ConditionPathExists 2 a", "AssertFileNotEmpty 3 b", "ConditionPathIsMountPoint 4 ",
             "EnvironmentFile 6 app.env", "EnvironmentFile 7 *.env", "PIDFile 8 pid"}));
  EXPECT_EQ(Risks("[Path]\nPathExists=/run/secrets/a\nPathModified=/run/secrets/b\n"
                  "PathChanged=/etc/app/key\nDirectoryNotEmpty=/run/secrets\n"
                  "PathExistsGlob=/run/*/c\n",
                  "a.path"),
            (Texts{"PathExists 2 a", "PathModified 3 b", "PathChanged 4 app/key",
                   "DirectoryNotEmpty 5 ", "PathExistsGlob 6 c"}));
}

TEST(UnitRisks, AreNotWhatChildrenRead) {
  EXPECT_EQ(Risks("[Unit]\nRequiresMountsFor=/run/secrets\nConditionHost=/run/secrets/a\n"
                  "[Service]\nLoadCredential=a:/run/secrets/a\nExecStart=/run/secrets/a\n"
                  "WorkingDirectory=/run/secrets\nBindReadOnlyPaths=/run/secrets\n"
                  "EnvironmentFile=\"/run/secrets/quoted\"\n"
                  "EnvironmentFile=/run/secrets/../x\n"
                  "PathExists=/run/secrets/wrong-section\n"),
            Texts{});
  EXPECT_EQ(Risks("[Unit]\nConditionPathIsSymbolicLink=/etc/app/key\n"), Texts{});
}

TEST(UnitRisks, AnEmptyAssignmentTakesBack) {
  EXPECT_EQ(Risks("[Unit]\nConditionPathExists=/run/secrets/a\nConditionFileNotEmpty=\n"
                  "AssertPathExists=/run/secrets/b\n[Service]\n"
                  "EnvironmentFile=/run/secrets/c\nEnvironmentFile=\nPIDFile=/run/secrets/p\n"
                  "PIDFile=\n"),
            (Texts{"AssertPathExists 4 b"}));
  EXPECT_EQ(Risks("[Path]\nPathExists=/run/secrets/a\nPathChanged=\n", "a.path"), Texts{});
}

TEST(UnitRisks, ADropInCanTakeBackWhatTheUnitSays) {
  const std::vector<UnitFile> files{
      {"/usr/lib/systemd/system/a.service",
       ParseUnitFile("[Service]\nEnvironmentFile=/run/secrets/a\n")},
      {"/etc/systemd/system/a.service.d/x.conf",
       ParseUnitFile("[Service]\nEnvironmentFile=\nEnvironmentFile=/run/secrets/b\n")}};
  EXPECT_EQ(RisksOf("a.service", files, kTrace),
            (std::vector<UnitRisk>{{"a.service", "/etc/systemd/system/a.service.d/x.conf", 3,
                                    "EnvironmentFile", "/run/secrets/b", "b"}}));
}

TEST(UnitRisks, ExpandSpecifiers) {
  const auto expand = [](std::string_view text, std::string_view unit) {
    return ExpandSpecifiers(text, unit);
  };
  EXPECT_EQ(expand("%t/%p/%i-%I/%n/%N/%%/%", "app-web@one-two\\x2dx.service"),
            "/run/app-web/one-two\\x2dx-one/two-x/app-web@one-two\\x2dx.service/"
            "app-web@one-two\\x2dx/%/%");
  EXPECT_EQ(expand("%j %J %P %f", "a-b-c.service"), "c c a/b/c /a/b/c");
  EXPECT_EQ(expand("%i.env", "app@.service"), "\x01.env");
  EXPECT_EQ(expand("%d %m", "a.service"), "/run/credentials/a.service \x01");
  EXPECT_EQ(Risks("[Service]\nEnvironmentFile=%t/secrets/%i.env\n", "app@.service"),
            (Texts{"EnvironmentFile 2 \x01.env"}));
  EXPECT_EQ(Risks("[Service]\nEnvironmentFile=-%t/%i/x\n", "app@.service"), Texts{});
  EXPECT_EQ(Risks("[Service]\nEnvironmentFile=-%t/%i/x\n", "app@secrets.service"),
            (Texts{"EnvironmentFile 2 x"}));
}

}  // namespace
}  // namespace secretfs
