#include <gtest/gtest.h>

#include <csignal>

#include "core/unit_name.h"
#include "tests/unit/core/config_fixture.h"

namespace secretfs {
namespace {

using test::Complaint;
using test::Load;
using Action = OnChange::Action;

std::string OnChangeComplaint(const std::string& value) {
  return Complaint("secrets: {s: {age: /x, on_change: " + value + "}}");
}

TEST(ConfigOnChange, KeepsTheOrderOfTheConfiguration) {
  const auto loaded = Load(R"(
secrets:
  s:
    age: /x
    on_change:
      reload: [b.service, a@one.service]
      signal: {nginx.service: SIGHUP, c.scope: USR1}
      restart: d.timer
views:
  v: {format: template, content: "x", on_change: {restart: [v.service]}, links: /etc/v}
)");
  ASSERT_TRUE(loaded) << loaded.error().Text();
  EXPECT_EQ(loaded->secrets[0].consumers.on_change,
            (std::vector<OnChange>{{Action::kReload, "b.service"},
                                   {Action::kReload, "a@one.service"},
                                   {Action::kSignal, "nginx.service", SIGHUP},
                                   {Action::kSignal, "c.scope", SIGUSR1},
                                   {Action::kRestart, "d.timer"}}));
  EXPECT_EQ(loaded->views[0].consumers.on_change,
            (std::vector<OnChange>{{Action::kRestart, "v.service"}}));
  EXPECT_EQ(loaded->views[0].consumers.links, (std::vector<std::string>{"/etc/v"}));
}

TEST(ConfigOnChange, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(OnChangeComplaint("{restrt: [a.service]}"),
            "config.yaml:1:36: unknown key 'restrt' | did you mean 'restart'? known: restart, "
            "reload, signal");
  EXPECT_EQ(OnChangeComplaint("[a.service]"), "config.yaml:1:35: 'on_change' must be a mapping of keys to values");
  EXPECT_EQ(OnChangeComplaint("{signal: {a.service: SIGHOP}}"),
            "config.yaml:1:56: unknown signal 'SIGHOP' | as in SIGHUP or SIGUSR1");
  EXPECT_EQ(OnChangeComplaint("{signal: {a.service: 1}}"),
            "config.yaml:1:56: unknown signal '1' | as in SIGHUP or SIGUSR1");
}

TEST(ConfigOnChange, RefusesWhatIsNotOneUnit) {
  for (const char* name : {"nginx", "*.service", "a?.service", "app@.service", "@a.service",
                           "a/b.service", "a.servce", ".service", "a b.service", "a.service "}) {
    EXPECT_EQ(OnChangeComplaint("{restart: [\"" + std::string(name) + "\"]}"),
              "config.yaml:1:46: '" + std::string(name) +
                  "' is not the full name of a unit | as in 'nginx.service' or "
                  "'app@one.service', without patterns");
  }
  EXPECT_EQ(OnChangeComplaint("{reload: [dev-sda.device]}"),
            "config.yaml:1:45: 'dev-sda.device' cannot be restarted | units of these kinds can: "
            "service, socket, mount, target, timer, path");
  EXPECT_EQ(OnChangeComplaint("{signal: {a.timer: HUP}}"),
            "config.yaml:1:45: 'a.timer' has no process to signal | units of these kinds can: "
            "service, socket, mount, scope");
}

TEST(ConfigOnChange, RefusesAUnitNamedTwice) {
  const std::string hint = " | a unit is restarted, reloaded or signalled, not two of these";
  EXPECT_EQ(OnChangeComplaint("{restart: [a.service, a.service]}"),
            "config.yaml:1:57: 'a.service' is named twice" + hint);
  EXPECT_EQ(OnChangeComplaint("{restart: [a.service], signal: {a.service: HUP}}"),
            "config.yaml:1:67: 'a.service' is named twice" + hint);
}

TEST(ConfigCopies, MustBeCleanAbsolutePaths) {
  for (const char* path : {"plain/x", "/", "/run/", "/run//x", "/run/../x"}) {
    EXPECT_EQ(Complaint("secrets: {s: {age: /x, copies: [" + std::string(path) + "]}}"),
              "config.yaml:1:33: copy '" + std::string(path) +
                  "' is not an absolute path without '.' and '..' | as in "
                  "/run/secretfs/plain/server.key");
  }
}

TEST(ConfigCopies, AreDeclaredOnce) {
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, copies: [/r/x, /r/x]}}"),
            "config.yaml:1:11: copy '/r/x' is declared twice | first at config.yaml:1:11");
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, copies: /r/x}}\n"
                      "views: {v: {format: template, content: x, copies: /r/x}}"),
            "config.yaml:2:9: copy '/r/x' is declared twice | first at config.yaml:1:11");
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: /r/x, copies: /r/x}}"),
            "config.yaml:1:11: copy '/r/x' is declared as a link too | first at "
            "config.yaml:1:11");
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: /r/x}, t: {age: /x, copies: /r/x/y}}"),
            "config.yaml:1:38: copy '/r/x/y' is below link '/r/x' | which is declared at "
            "config.yaml:1:11");
}

TEST(ConfigCopies, AreNotInTheMount) {
  const auto complaint = [](const std::string& yaml) {
    ConfigDefaults defaults;
    defaults.mount_point = "/run/secrets";
    const ConfigText text{"config.yaml", "/etc", yaml};
    const auto loaded = LoadConfig({&text, 1}, test::SomeVocabulary(), defaults);
    return loaded ? "" : loaded.error().Text() + " | " + loaded.error().hint;
  };
  EXPECT_EQ(complaint("secrets: {s: {age: /x, copies: /run/secrets/x}}"),
            "config.yaml:1:11: copy '/run/secrets/x' is in the mount '/run/secrets' | it can be "
            "anywhere else");
  EXPECT_EQ(complaint("secrets: {s: {age: /x, links: /run/secrets}}"),
            "config.yaml:1:11: link '/run/secrets' is in the mount '/run/secrets' | it can be "
            "anywhere else");
  EXPECT_EQ(complaint("secrets: {s: {age: /x, copies: /run/secretsx/x}}"), "");
}

TEST(ConfigLinks, MustBeCleanAbsolutePaths) {
  for (const char* path : {"etc/x", "/", "/etc/", "/etc//x", "/etc/../x", "/./x"}) {
    EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: [" + std::string(path) + "]}}"),
              "config.yaml:1:32: link '" + std::string(path) +
                  "' is not an absolute path without '.' and '..' | as in "
                  "/etc/ssl/private/server.key");
  }
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: {a: b}}}"),
            "config.yaml:1:31: a link must be plain text");
}

TEST(ConfigLinks, AreDeclaredOnceInTheWholeConfiguration) {
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: [/a, /a]}}"),
            "config.yaml:1:11: link '/a' is declared twice | first at config.yaml:1:11");
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: [/a]}}\n"
                      "views: {v: {format: template, content: x, links: [/b, /a]}}"),
            "config.yaml:2:9: link '/a' is declared twice | first at config.yaml:1:11");
  EXPECT_EQ(Complaint("secrets: {s: {age: /x, links: [/a/b/c]}, t: {age: /x, links: [/a/b]}}"),
            "config.yaml:1:11: link '/a/b/c' is below link '/a/b' | which is declared at "
            "config.yaml:1:42");
}

TEST(UnitName, IsAsSystemdSpellsIt) {
  for (const char* name : {"a.service", "A-b_c:d.socket", "app@1.service", "dev-disk\\x2da.mount",
                           "a.b.service", "app@a@b.service"}) {
    EXPECT_TRUE(IsUnitName(name)) << name;
  }
  EXPECT_TRUE(IsUnitName(std::string(247, 'n') + ".service"));
  EXPECT_FALSE(IsUnitName(std::string(248, 'n') + ".service"));
  for (const char* name : {"", ".", "service", "a.", "a.service\n", "\xc3\xa4.service"}) {
    EXPECT_FALSE(IsUnitName(name)) << name;
  }
}

TEST(SignalName, HasItsPrefixOrNot) {
  EXPECT_EQ(SignalNumber("SIGHUP"), SIGHUP);
  EXPECT_EQ(SignalNumber("HUP"), SIGHUP);
  EXPECT_EQ(SignalNumber("USR2"), SIGUSR2);
  for (const char* name : {"", "SIG", "hup", "1", "SIGSIGHUP", "RTMIN"}) {
    EXPECT_FALSE(SignalNumber(name)) << name;
  }
}

}  // namespace
}  // namespace secretfs
