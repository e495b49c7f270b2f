#include "daemon/status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/survival.h"

namespace secretfs {
namespace {

using Json = nlohmann::json;

TEST(StatusJson, TellsStateReasonAndVersionAndNoValue) {
  const auto idle = testkit::TextEntry("idle");
  const auto ready = testkit::TextEntry("ready");
  ready->Publish(testkit::MakeTestValue("hunter2"), {}, {});
  ready->Publish(testkit::MakeTestValue("hunter3"), {}, WallTime(std::chrono::seconds(1)));
  const auto stale = testkit::TextEntry("stale");
  stale->Publish(testkit::MakeTestValue("hunter4"), {}, {});
  stale->Fail({Code::kNotFound, "gone", "/f", ""}, {});
  const auto failed = testkit::TextEntry("failed");
  failed->Fail({Code::kNoMatch, "no identity", "/g", "add one"}, {});
  const std::string text = StatusJson({.version = "1.2", .audit_dropped = 3},
                                      {{idle, {}}, {ready, {}}, {stale, {}}, {failed, {}}});
  EXPECT_EQ(text.find("hunter"), std::string::npos);
  const Json status = Json::parse(text);
  EXPECT_EQ(status["secretfs"], "1.2");
  EXPECT_EQ(status["audit_dropped"], 3);
  ASSERT_EQ(status["secrets"].size(), 4U);
  EXPECT_EQ(status["secrets"][0], (Json{{"name", "idle"},
                                        {"origin", "test"},
                                        {"state", "pending"},
                                        {"opens", 0},
                                        {"denials", 0},
                                        {"owner", ""},
                                        {"group", ""},
                                        {"mode", "0400"}}));
  EXPECT_EQ(status["secrets"][1]["version"], 2);
  EXPECT_EQ(status["secrets"][1]["size"], 7);
  EXPECT_EQ(status["secrets"][1]["changed"], "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(status["secrets"][2]["state"], "stale");
  EXPECT_EQ(status["secrets"][2]["reason"], "/f: gone");
  EXPECT_EQ(status["secrets"][3]["state"], "failed");
  EXPECT_EQ(status["secrets"][3]["hint"], "add one");
}

TEST(StatusJson, TellsWhatBecameOfServersWhereThereIsASupervisor) {
  EXPECT_FALSE(Json::parse(StatusJson({}, {})).contains("survival"));
  StatusFacts facts;
  facts.survival = testkit::SomeSurvival();
  EXPECT_EQ(Json::parse(StatusJson(facts, {}))["survival"],
            (Json{{"supervisor", 42},
                  {"restarts", 3},
                  {"hung", 1},
                  {"resent", 5},
                  {"replayed", 6},
                  {"refused", 7},
                  {"restored", 8},
                  {"stale", 9},
                  {"not_restored",
                   {{"unknown", 11}, {"gone", 12}, {"changed", 13}, {"late", 14}, {"failed", 15}}},
                  {"longest_gap_ms", 46}}));
}

TEST(StatusJson, TellsTheSizeOfWhatIsNotInMemory) {
  const auto large = testkit::TextEntry("large");
  large->Publish(
      testkit::ValueWithContent(std::make_shared<testkit::TextContent>(std::string(12345, 'x'))),
      {}, {});
  EXPECT_EQ(Json::parse(FilesJson({{large, {}}}))[0]["size"], 12345);
}

TEST(StatusJson, TellsAgeUseAccessAndConsumers) {
  const auto entry = testkit::TextEntry("used");
  const WallTime now{std::chrono::seconds(1'000'000'000)};
  const SteadyTime steady_now{std::chrono::seconds(5000)};
  entry->Publish(testkit::MakeTestValue("x", now - std::chrono::minutes(2)),
                 steady_now - std::chrono::seconds(10), {});
  entry->usage().opens = 3;
  entry->usage().denials = 1;
  File file{entry, testkit::AccessFor(5, 6, 0440), {}};
  file.consumers.on_change = {{OnChange::Action::kRestart, "a.service"},
                              {OnChange::Action::kSignal, "b.service", 10}};
  StatusFacts facts;
  facts.now = now;
  facts.steady_now = steady_now;
  const Json secret = Json::parse(StatusJson(facts, {file}))["secrets"][0];
  EXPECT_EQ(secret["age"], 120);
  EXPECT_EQ(secret["checked"], "2001-09-09T01:46:30.000Z");
  EXPECT_EQ(secret["opens"], 3);
  EXPECT_EQ(secret["denials"], 1);
  EXPECT_EQ(secret["owner"], "5");
  EXPECT_EQ(secret["group"], "6");
  EXPECT_EQ(secret["mode"], "0440");
  EXPECT_EQ(secret["on_change"], (Json{"restart a.service", "signal 10 to b.service"}));
}

TEST(StatusJson, TellsTheNamesThatDoNotExist) {
  const testkit::FakeAccounts accounts({{"here", 5}, {"ops", 6}}, {{"staff", 7}});
  Access access;
  access.owner = {"futureuser", {}};
  access.group = {"ops", {}};
  access.readers = {{CallerRule::Kind::kUser, {"here", {}}},
                    {CallerRule::Kind::kUserUnit, {"futureuser", {}}, "a.service"},
                    {CallerRule::Kind::kUserUnit, {}, "b.service"},
                    {CallerRule::Kind::kUnit, {}, "c.service"}};
  access.confine_to = {{CallerRule::Kind::kGroup, {"staff", {}}},
                       {CallerRule::Kind::kUser, {"4711", 4711}},
                       {CallerRule::Kind::kUser, {"gone", {}}}};
  const File waits{testkit::TextEntry("waits"), access, {}};
  const File known{testkit::TextEntry("known"), testkit::AccessFor(5, 6, 0400), {}};
  const Json unknown{"user:futureuser", "user:gone", "group:ops"};
  StatusFacts facts;
  facts.accounts = &accounts;
  const Json status = Json::parse(StatusJson(facts, {waits, known}));
  EXPECT_EQ(status["secrets"][0]["unknown_names"], unknown);
  EXPECT_FALSE(status["secrets"][1].contains("unknown_names"));
  EXPECT_EQ(Json::parse(FilesJson({waits}, &accounts))[0]["unknown_names"], unknown);
}

TEST(StatusJson, TellsOfReloads) {
  StatusFacts facts;
  facts.pid = 42;
  facts.started = WallTime(std::chrono::seconds(100));
  facts.now = WallTime(std::chrono::seconds(160));
  facts.waiting_readers = 2;
  facts.reloads = {.succeeded = 2,
                   .failed = 1,
                   .asked = 7,
                   .answered = 6,
                   .last = WallTime(std::chrono::seconds(110)),
                   .last_failed = WallTime(std::chrono::seconds(155)),
                   .error = Error{Code::kInvalid, "unknown key 'x'", "c.yaml:1:1", "look"}};
  const Json status = Json::parse(StatusJson(facts, {}));
  EXPECT_EQ(status["pid"], 42);
  EXPECT_EQ(status["uptime"], 60);
  EXPECT_EQ(status["waiting_readers"], 2);
  EXPECT_EQ(status["reloads"], (Json{{"succeeded", 2},
                                     {"failed", 1},
                                     {"asked", 7},
                                     {"answered", 6},
                                     {"last", "1970-01-01T00:01:50.000Z"},
                                     {"age", 50},
                                     {"last_failed", "1970-01-01T00:02:35.000Z"},
                                     {"failure_age", 5},
                                     {"reason", "c.yaml:1:1: unknown key 'x'"},
                                     {"hint", "look"}}));
}

TEST(StatusJson, SurvivesNamesThatAreNotUtf8) {
  const std::string text = StatusJson({}, {{testkit::TextEntry("a\xff"), {}}});
  EXPECT_EQ(Json::parse(text)["secrets"].size(), 1U);
}

TEST(TimeText, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(TimeText(WallTime(std::chrono::milliseconds(1'000'000'000'007))),
            "2001-09-09T01:46:40.007Z");
  EXPECT_EQ(TimeText(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace secretfs
