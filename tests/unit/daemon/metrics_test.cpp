#include "daemon/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "tests/testkit/entries.h"
#include "tests/testkit/survival.h"

namespace secretfs {
namespace {

/// A strict reader of the text format: samples by "name{labels}". Nothing when anything is not as
/// the format has it: HELP, then TYPE, then the samples of that family, no sample twice.
class Reader {
 public:
  std::optional<std::map<std::string, double>> Read(const std::string& text) {
    if (text.empty() || text.back() != '\n') return std::nullopt;
    std::istringstream lines(text);
    std::set<std::string> families;
    std::string family;
    std::string help_of;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# HELP ")) {
        help_of = TakeName(line.substr(7));
        if (!families.insert(help_of).second) return std::nullopt;
      } else if (line.starts_with("# TYPE ")) {
        family = TakeName(line.substr(7));
        const std::string type = line.substr(7 + family.size());
        if (family.empty() || family != help_of) return std::nullopt;
        if (type != " gauge" && type != " counter") return std::nullopt;
        if ((type == " counter") != family.ends_with("_total")) return std::nullopt;
      } else if (!ReadSample(line, family)) {
        return std::nullopt;
      }
    }
    return samples_;
  }

 private:
  static std::string TakeName(const std::string& text) {
    size_t n = 0;
    while (n < text.size() && (std::isalnum(static_cast<unsigned char>(text[n])) != 0 ||
                               text[n] == '_' || text[n] == ':'))
      ++n;
    return text.substr(0, n);
  }

  bool ReadSample(const std::string& line, const std::string& family) {
    const std::string name = TakeName(line);
    if (name.empty() || name != family) return false;
    size_t at = name.size();
    if (at < line.size() && line[at] == '{') {
      do {
        ++at;
        const std::string label = TakeName(line.substr(at));
        at += label.size();
        if (label.empty() || line.substr(at, 2) != "=\"") return false;
        at += 2;
        while (at < line.size() && line[at] != '"') {
          if (line[at] == '\\') {
            ++at;
            if (at >= line.size() || std::string("\\\"n").find(line[at]) == std::string::npos)
              return false;
          }
          ++at;
        }
        ++at;
      } while (at < line.size() && line[at] == ',');
      if (at >= line.size() || line[at++] != '}') return false;
    }
    if (at >= line.size() || line[at] != ' ') return false;
    const std::string number = line.substr(at + 1);
    if (number.empty() || number.find_first_not_of("0123456789") != std::string::npos) return false;
    return samples_.emplace(line.substr(0, at), std::stod(number)).second;
  }

  std::map<std::string, double> samples_;
};

std::map<std::string, double> Samples(const StatusFacts& facts, const std::vector<File>& files) {
  const std::string text = MetricsText(facts, files);
  const auto samples = Reader().Read(text);
  EXPECT_TRUE(samples) << text;
  return samples.value_or(std::map<std::string, double>());
}

TEST(MetricsText, TellsStateAgeAndUseOfEverySecret) {
  const WallTime now{std::chrono::seconds(1'000'000'000)};
  const auto ready = testkit::TextEntry("db/password");
  ready->Publish(testkit::MakeTestValue("hunter2", now - std::chrono::minutes(1)), {}, {});
  ready->usage().opens = 12;
  ready->usage().denials = 2;
  const auto failed = testkit::TextEntry("broken");
  failed->Fail({Code::kNoMatch, "no identity", "/g", ""}, {});
  StatusFacts facts;
  facts.version = "1.2";
  facts.now = now;
  const auto samples = Samples(facts, {{ready, {}}, {failed, {}}});
  EXPECT_EQ(samples.at(R"(secretfs_up{version="1.2"})"), 1);
  EXPECT_EQ(samples.at(R"(secretfs_secret_state{secret="db/password",state="ready"})"), 1);
  EXPECT_EQ(samples.at(R"(secretfs_secret_state{secret="db/password",state="failed"})"), 0);
  EXPECT_EQ(samples.at(R"(secretfs_secret_state{secret="broken",state="failed"})"), 1);
  EXPECT_EQ(samples.at(R"(secretfs_secret_version{secret="db/password"})"), 1);
  EXPECT_EQ(samples.at(R"(secretfs_secret_age_seconds{secret="db/password"})"), 60);
  EXPECT_EQ(samples.at(R"(secretfs_secret_opens_total{secret="db/password"})"), 12);
  EXPECT_EQ(samples.at(R"(secretfs_secret_denials_total{secret="db/password"})"), 2);
  EXPECT_EQ(samples.count(R"(secretfs_secret_version{secret="broken"})"), 0U);
}

TEST(MetricsText, TellsOfTheDaemon) {
  StatusFacts facts;
  facts.started = WallTime(std::chrono::seconds(50));
  facts.audit_dropped = 3;
  facts.identity_problems.resize(2);
  auto samples = Samples(facts, {});
  EXPECT_EQ(samples.at("secretfs_audit_dropped_total"), 3);
  EXPECT_EQ(samples.at("secretfs_identity_problems"), 2);
  EXPECT_EQ(samples.at("secretfs_reload_last_success_timestamp_seconds"), 50)
      << "the first configuration";
  EXPECT_EQ(samples.count("secretfs_waiting_readers"), 0U);
  facts.reloads.succeeded = 4;
  facts.reloads.failed = 1;
  facts.reloads.last = WallTime(std::chrono::seconds(70));
  facts.waiting_readers = 9;
  samples = Samples(facts, {});
  EXPECT_EQ(samples.at(R"(secretfs_reloads_total{result="success"})"), 4);
  EXPECT_EQ(samples.at(R"(secretfs_reloads_total{result="failure"})"), 1);
  EXPECT_EQ(samples.at("secretfs_reload_last_success_timestamp_seconds"), 70);
  EXPECT_EQ(samples.at("secretfs_waiting_readers"), 9);
}

TEST(MetricsText, TellsWhatBecameOfServersWhereThereIsASupervisor) {
  StatusFacts facts;
  EXPECT_EQ(Samples(facts, {}).count("secretfs_restarts_total"), 0U);
  facts.survival = testkit::SomeSurvival();
  const auto samples = Samples(facts, {});
  EXPECT_EQ(samples.at("secretfs_supervisor_pid"), 42);
  EXPECT_EQ(samples.at("secretfs_restarts_total"), 3);
  EXPECT_EQ(samples.at("secretfs_hung_servers_total"), 1);
  EXPECT_EQ(samples.at("secretfs_longest_gap_milliseconds"), 46);
  EXPECT_EQ(samples.at(R"(secretfs_requests_recovered_total{by="kernel"})"), 5);
  EXPECT_EQ(samples.at(R"(secretfs_requests_recovered_total{by="state"})"), 6);
  EXPECT_EQ(samples.at("secretfs_requests_refused_total"), 7);
  EXPECT_EQ(samples.at(R"(secretfs_open_files_taken_over_total{result="same"})"), 8);
  EXPECT_EQ(samples.at(R"(secretfs_open_files_taken_over_total{result="stale"})"), 9);
  double number = 10;
  for (const std::string reason : {"unknown", "gone", "changed", "late", "failed"}) {
    const std::string label = "{reason=\"" + reason + "\"}";
    EXPECT_EQ(samples.at("secretfs_open_files_not_taken_over_total" + label), ++number);
  }
}

TEST(MetricsText, NamesCannotForgeASample) {
  const auto entry = testkit::TextEntry("a\"} 1\nsecretfs_up 2\n\\\xff");
  const auto samples = Samples({}, {{entry, {}}});
  EXPECT_EQ(samples.count("secretfs_up"), 0U);
}

TEST(MetricsText, HasNoValues) {
  const auto entry = testkit::TextEntry("x");
  entry->Publish(testkit::MakeTestValue("hunter2"), {}, {});
  EXPECT_EQ(MetricsText({}, {{entry, {}}}).find("hunter"), std::string::npos);
}

TEST(MetricsText, AClockThatWentBackGivesNoNegativeAge) {
  const auto entry = testkit::TextEntry("x");
  entry->Publish(testkit::MakeTestValue("v", WallTime(std::chrono::seconds(100))), {}, {});
  StatusFacts facts;
  facts.now = WallTime(std::chrono::seconds(50));
  EXPECT_EQ(Samples(facts, {{entry, {}}}).at(R"(secretfs_secret_age_seconds{secret="x"})"), 0);
}

}  // namespace
}  // namespace secretfs
