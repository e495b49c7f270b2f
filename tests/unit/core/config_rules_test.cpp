// `readers` and `confine_to`: what they mean, and the words for what they cannot mean.
#include "core/config_rules.h"

#include <gtest/gtest.h>

#include "tests/unit/core/config_fixture.h"

namespace secretfs {
namespace {

using test::Complaint;
using test::Load;
using Kind = CallerRule::Kind;

CallerRule Rule(const std::string& text) {
  const auto config = Load("secrets: {a: {age: /x, readers: ['" + text + "']}}");
  EXPECT_EQ(Complaint(config), "loaded") << text;
  return config ? config->secrets[0].access.readers.at(0) : CallerRule{};
}

TEST(ConfigRules, NameEachKindOfCaller) {
  EXPECT_EQ(Rule("user:alice"), (CallerRule{Kind::kUser, {"alice", {}}, "", "user:alice"}));
  EXPECT_EQ(Rule("user:7"), (CallerRule{Kind::kUser, Principal::Number(7), "", "user:7"}));
  EXPECT_EQ(Rule("group:staff"), (CallerRule{Kind::kGroup, {"staff", {}}, "", "group:staff"}));
  EXPECT_EQ(Rule("unit:nginx.service"),
            (CallerRule{Kind::kUnit, {}, "nginx.service", "unit:nginx.service"}));
  EXPECT_EQ(Rule("user-unit:backup.service"),
            (CallerRule{Kind::kUserUnit, {}, "backup.service", "user-unit:backup.service"}));
  EXPECT_EQ(
      Rule("user-unit:alice/app-*.scope"),
      (CallerRule{Kind::kUserUnit, {"alice", {}}, "app-*.scope", "user-unit:alice/app-*.scope"}));
  EXPECT_EQ(Rule("exe:/usr/**/nginx"),
            (CallerRule{Kind::kExecutable, {}, "/usr/**/nginx", "exe:/usr/**/nginx"}));
}

TEST(ConfigRules, UnitsMayBePatterns) {
  for (const char* glob : {"microvm@*.service", "*", "nginx*", "a?.scope", "a@b:c.service",
                           "dev-\\\\x2d.swap", "x.mount", "x.socket"}) {
    EXPECT_EQ(Rule(std::string("unit:") + glob).pattern, glob);
  }
}

TEST(ConfigRules, ConfinementHasTheSameRules) {
  const auto config =
      Load("views: {v: {format: template, content: x, confine_to: [unit:a.service]}}");
  ASSERT_EQ(Complaint(config), "loaded");
  EXPECT_EQ(config->views[0].access.confine_to.at(0).pattern, "a.service");
  EXPECT_TRUE(config->views[0].access.readers.empty());
}

struct Case {
  const char* fact;
  std::string keys;
  std::string complaint;
};
class ConfigRulesError : public testing::TestWithParam<Case> {};

TEST_P(ConfigRulesError, SaysWhatWhereAndHow) {
  EXPECT_EQ(Complaint("secrets:\n  a: {age: /x, " + GetParam().keys + "}\n"), GetParam().complaint);
}

std::string OfReader(const std::string& complaint) { return "config.yaml:2:26: " + complaint; }
constexpr const char* kKinds =
    " is not a rule | write user:NAME, group:NAME, unit:NAME.service, user-unit:NAME.service or "
    "exe:/PATH";
constexpr const char* kSuffix = " does not end as the name of a unit that has processes | as in ";
constexpr const char* kOthers = ".service; others: .scope, .socket, .mount, .swap";
constexpr const char* kNoPatterns =
    " is not the name of a user or group | patterns are for unit, user-unit and exe; list the "
    "names";

INSTANTIATE_TEST_SUITE_P(
    Access, ConfigRulesError,
    testing::Values(
        Case{"NoList", "readers: group:a",
             "config.yaml:2:25: 'readers' must be a list | as in readers: [\"group:monitoring\"]"},
        Case{"NoListOfConfinement", "confine_to: unit:a.service",
             "config.yaml:2:28: 'confine_to' must be a list | as in confine_to: "
             "[\"group:monitoring\"]"},
        Case{"ConfinedToNobody", "confine_to: []",
             "config.yaml:2:28: 'confine_to' lists nobody | leave it out, or say who may read"},
        Case{"NoKind", "readers: [alice]", OfReader("'alice'") + kKinds},
        Case{"UnknownKind", "readers: ['users:a']", OfReader("'users:a'") + kKinds},
        Case{"NoName", "readers: ['user:']", OfReader("'user:'") + kKinds},
        Case{"NoUnit", "readers: ['unit:']", OfReader("'unit:'") + kKinds},
        Case{"Mapping", "readers: [{user: a}]", OfReader("a rule must be plain text")},
        Case{"Empty", "readers: ['']", OfReader("a rule is empty")},
        Case{"TwoColons", "readers: ['user:a:b']",
             OfReader("'a:b' is not the name of a user or group")},
        Case{"PatternOfUsers", "readers: ['user:*']", OfReader("'*'") + kNoPatterns},
        Case{"PatternOfGroups", "readers: ['group:adm?']", OfReader("'adm?'") + kNoPatterns},
        Case{"PatternOfManagers", "readers: ['user-unit:*/a.service']",
             OfReader("'*'") + kNoPatterns},
        Case{"UnitWithoutSuffix", "readers: ['unit:postgresql']",
             OfReader("'postgresql'") + kSuffix + "postgresql" + kOthers},
        Case{"UnitThatIsASuffix", "readers: ['unit:.service']",
             OfReader("'.service'") + kSuffix + "nginx" + kOthers},
        Case{"UnitWithoutProcesses", "readers: ['unit:a.timer']",
             OfReader("'a.timer'") + kSuffix + "nginx" + kOthers},
        Case{"UnitWithSlash", "readers: ['unit:system.slice/a.service']",
             OfReader("the name of a unit has no slash | as in unit:nginx.service")},
        Case{"UnitWithBrackets", "readers: ['unit:[ab].service']",
             OfReader("'[ab].service' has a bracket or brace, which mean nothing here")},
        Case{"UnitWithOneBackslash", "readers: ['unit:a\\x2db.service']",
             OfReader("'a\\x2db.service' has a single backslash | write it twice, as in "
                      "unit:dev-disk\\\\x2dby\\\\x2dlabel.swap")},
        Case{"UnitWithNul", "readers: [\"unit:a\\0.service\"]",
             OfReader("'a\\x00.service' has a NUL byte")},
        Case{"UserUnitOfNoUser", "readers: ['user-unit:/a.service']",
             OfReader("'user-unit' names no user | as in user-unit:alice/backup.service")},
        Case{"UserUnitWithoutSuffix", "readers: ['user-unit:alice/a']",
             OfReader("'a'") + kSuffix + "a" + kOthers},
        Case{"UserUnitOfNoUnit", "readers: ['user-unit:alice/']", OfReader("'' has an empty part")},
        Case{"RelativeProgram", "readers: ['exe:nginx']",
             OfReader("'nginx' is not the path of a program | an absolute one, as in "
                      "exe:/usr/sbin/nginx")},
        Case{"ProgramThatClimbs", "readers: ['exe:/usr/../x']",
             OfReader("'/usr/../x' has '.' or '..' as a part")},
        Case{"ProgramThatIsRoot", "readers: ['exe:/']", OfReader("'/' has an empty part")}),
    [](const auto& test) { return std::string(test.param.fact); });

TEST(ConfigCredentials, NoTwoNamesAreTheSame) {
  EXPECT_EQ(
      Complaint("secrets:\n  a/b.c: {age: /x}\n  x: {age: /x}\n  a.b/c: {age: /x}\n"),
      "config.yaml:2:3: 'a/b.c' and 'a.b/c' are the same as credentials: 'a.b.c' | 'a.b/c' is "
      "declared at config.yaml:4:3; rename one of them");
  EXPECT_EQ(Complaint("secrets:\n  a:/b: {age: /x}\n  a:.b: {age: /x}\n"), "loaded")
      << "neither can be a credential";
}

}  // namespace
}  // namespace secretfs
