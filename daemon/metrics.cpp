#include "daemon/metrics.h"

#include <array>
#include <chrono>
#include <cstdint>

#include "base/text.h"

namespace secretfs {
namespace {

constexpr std::array kStates{EntryState::kPending, EntryState::kReady, EntryState::kStale,
                             EntryState::kFailed};

/// The value of a label. Names that are not UTF-8 are escaped as in messages.
std::string Label(std::string_view text) {
  std::string label = "\"";
  for (const char c : Printable(text)) {
    if (c == '"' || c == '\\') label += '\\';
    label += c;
  }
  return label + '"';
}

class Metrics {
 public:
  /// A family, and then all of its samples.
  void Family(const std::string& name, const char* type, const char* help) {
    name_ = "secretfs_" + name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  void Sample(uint64_t value) { text_ += name_ + " " + std::to_string(value) + "\n"; }
  void Sample(const std::string& labels, uint64_t value) {
    text_ += name_ + "{" + labels + "} " + std::to_string(value) + "\n";
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

struct Secret {
  std::string label;  // secret="NAME"
  Entry::Report report;
  uint64_t opens = 0;
  uint64_t denials = 0;
};

std::vector<Secret> Gather(const std::vector<File>& files) {
  std::vector<Secret> secrets;
  for (const File& file : files) {
    if (file.entry->spec().fresh) continue;
    const EntryUsage& usage = file.entry->usage();
    secrets.push_back({"secret=" + Label(file.entry->name()), file.entry->GetWholeReport(),
                       usage.opens, usage.denials});
  }
  return secrets;
}

void AddSecrets(Metrics& metrics, const std::vector<Secret>& secrets, WallTime now) {
  metrics.Family("secret_state", "gauge", "1 for the state that a secret is in, 0 for the others.");
  for (const Secret& secret : secrets) {
    for (const EntryState state : kStates) {
      metrics.Sample(secret.label + ",state=\"" + std::string(StateName(state)) + "\"",
                     secret.report.state == state ? 1 : 0);
    }
  }
  metrics.Family("secret_version", "gauge", "The version that is served, counted from the start.");
  for (const Secret& secret : secrets) {
    if (secret.report.value) metrics.Sample(secret.label, secret.report.value->version);
  }
  metrics.Family("secret_age_seconds", "gauge", "Time since the value changed.");
  for (const Secret& secret : secrets) {
    if (!secret.report.value) continue;
    metrics.Sample(secret.label, SecondsBetween(secret.report.value->modified, now));
  }
  metrics.Family("secret_opens_total", "counter", "Opens that were granted and got the value.");
  for (const Secret& secret : secrets) metrics.Sample(secret.label, secret.opens);
  metrics.Family("secret_denials_total", "counter", "Requests for the value that were denied.");
  for (const Secret& secret : secrets) metrics.Sample(secret.label, secret.denials);
}

void AddDaemon(Metrics& metrics, const StatusFacts& facts) {
  metrics.Family("audit_dropped_total", "counter", "Decisions that could not be recorded.");
  metrics.Sample(facts.audit_dropped);
  metrics.Family("reloads_total", "counter", "Times that a configuration was to be taken in.");
  metrics.Sample("result=\"success\"", facts.reloads.succeeded);
  metrics.Sample("result=\"failure\"", facts.reloads.failed);
  metrics.Family("reload_last_success_timestamp_seconds", "gauge",
                 "When the configuration in use was taken in.");
  metrics.Sample(SecondsBetween(WallTime{}, facts.reloads.last.value_or(facts.started)));
  metrics.Family("identity_problems", "gauge", "Identities that gave no key.");
  metrics.Sample(facts.identity_problems.size());
  if (!facts.waiting_readers) return;
  metrics.Family("waiting_readers", "gauge", "Readers that wait for a value.");
  metrics.Sample(*facts.waiting_readers);
}

void AddSurvival(Metrics& metrics, const Survival& survival) {
  metrics.Family("supervisor_pid", "gauge", "The process that starts servers anew.");
  metrics.Sample(static_cast<uint64_t>(survival.supervisor));
  metrics.Family("restarts_total", "counter", "Servers of this mount after the first.");
  metrics.Sample(survival.restarts);
  metrics.Family("hung_servers_total", "counter",
                 "Servers that were ended since they did nothing.");
  metrics.Sample(survival.hung);
  metrics.Family("longest_gap_milliseconds", "gauge", "The longest time for which nobody served.");
  metrics.Sample(static_cast<uint64_t>(survival.longest_gap.count()));
  metrics.Family("requests_recovered_total", "counter", "Requests that a later server answered.");
  metrics.Sample("by=\"kernel\"", survival.resent);
  metrics.Sample("by=\"state\"", survival.replayed);
  metrics.Family("requests_refused_total", "counter", "Requests that could not be written down.");
  metrics.Sample(survival.refused);
  metrics.Family("open_files_taken_over_total", "counter", "Open files that a later server met.");
  metrics.Sample("result=\"same\"", survival.restored);
  metrics.Sample("result=\"stale\"", survival.stale);
  metrics.Family("open_files_not_taken_over_total", "counter",
                 "Reads of an open file that a later server could not go on with.");
  for (size_t i = 0; i < fs::kReopenReasons; ++i) {
    const auto reason = fs::ReasonName(static_cast<fs::ReopenFailure::Reason>(i));
    metrics.Sample("reason=\"" + std::string(reason) + "\"", survival.not_reopened[i]);
  }
}

}  // namespace

std::string MetricsText(const StatusFacts& facts, const std::vector<File>& files) {
  Metrics metrics;
  metrics.Family("up", "gauge", "Always 1; the version is a label.");
  metrics.Sample("version=" + Label(facts.version), 1);
  AddSecrets(metrics, Gather(files), facts.now);
  AddDaemon(metrics, facts);
  if (facts.survival) AddSurvival(metrics, *facts.survival);
  return metrics.Take();
}

}  // namespace secretfs
