#include "cli/status_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace secretfs {
namespace {

using Json = nlohmann::json;

Json SomeStatus() {
  return Json::parse(R"({"secretfs": "1", "uptime": 7300, "audit_dropped": 0,
    "reloads": {"succeeded": 1, "failed": 0, "age": 125},
    "secrets": [
      {"name": "idle", "origin": "age", "state": "pending", "opens": 0, "denials": 0},
      {"name": "db/password", "origin": "age", "state": "ready", "version": 2, "age": 200,
       "opens": 12, "denials": 1},
      {"name": "late", "origin": "file", "state": "pending", "reason": "/l: no such file",
       "opens": 0, "denials": 0},
      {"name": "token", "origin": "file", "state": "stale", "version": 1, "age": 90000,
       "reason": "/t: no such file", "opens": 3, "denials": 0},
      {"name": "broken", "origin": "age", "state": "failed", "reason": "/b: the header is cut",
       "hint": "encrypt it again", "opens": 0, "denials": 0}]})");
}

TEST(StatusText, PutsWhatIsWrongOnTopAndReasonsBelow) {
  EXPECT_EQ(StatusText(SomeStatus(), 0),
            "SECRET       STATE    FROM  CHANGED  VERSION  OPENS  DENIED\n"
            "broken       failed   age   -        -        0      0\n"
            "token        stale    file  1d ago   1        3      0\n"
            "late         pending  file  -        -        0      0\n"
            "db/password  ready    age   3m ago   2        12     1\n"
            "idle         pending  age   -        -        0      0\n"
            "\n"
            "broken: /b: the header is cut\n"
            "  hint: encrypt it again\n"
            "token: /t: no such file\n"
            "late: /l: no such file\n"
            "\n"
            "1 ready, 1 stale, 1 failed, 2 pending; up 2h; last reload 2m ago\n");
}

TEST(StatusText, ANarrowTerminalGetsFewerColumnsAndWrappedReasons) {
  EXPECT_EQ(StatusText(SomeStatus(), 28),
            "SECRET       STATE    FROM\n"
            "broken       failed   age\n"
            "token        stale    file\n"
            "late         pending  file\n"
            "db/password  ready    age\n"
            "idle         pending  age\n"
            "\n"
            "broken: /b: the header is\n"
            "  cut\n"
            "  hint: encrypt it again\n"
            "token: /t: no such file\n"
            "late: /l: no such file\n"
            "\n"
            "1 ready, 1 stale, 1 failed, 2 pending; up 2h; last reload 2m ago\n");
}

TEST(StatusText, TellsWhomASecretWaitsFor) {
  Json status = SomeStatus();
  status["secrets"] = Json::array({status["secrets"][1]});
  status["secrets"][0]["unknown_names"] = {"user:futureuser", "group:ops"};
  EXPECT_NE(StatusText(status, 0).find(
                "\n\ndb/password: waits for user futureuser, group ops to exist\n\n1 ready"),
            std::string::npos);
}

TEST(StatusText, TellsOfAReloadThatFailed) {
  Json status = SomeStatus();
  status["secrets"] = Json::array();
  status["audit_dropped"] = 7;
  status["reloads"] = {{"failure_age", 5}, {"reason", "c.yaml:1:1: unknown key 'x'"}};
  EXPECT_EQ(StatusText(status, 0),
            "the newest configuration is not in use: c.yaml:1:1: unknown key 'x'\n\n"
            "no secrets; up 2h; reload failed 5s ago; 7 decisions not recorded\n");
}

TEST(StatusText, NamesCannotMoveTheCursor) {
  Json status = SomeStatus();
  status["secrets"][0]["name"] = "a\x1b[2J";
  status["secrets"][4]["reason"] = "b\x1b[2J";
  EXPECT_EQ(StatusText(status, 0).find('\x1b'), std::string::npos);
}

TEST(ShortDuration, HasOneUnit) {
  EXPECT_EQ(ShortDuration(0), "0s");
  EXPECT_EQ(ShortDuration(59), "59s");
  EXPECT_EQ(ShortDuration(3599), "59m");
  EXPECT_EQ(ShortDuration(86399), "23h");
  EXPECT_EQ(ShortDuration(86400 * 400), "400d");
}

}  // namespace
}  // namespace secretfs
