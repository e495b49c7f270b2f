// A remote store that answers as a test tells it. References are "DOCUMENT/FIELD"; those that end
// in
// "?otp" are computed. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "remote/store.h"

namespace secretfs::testkit {

class ScriptedStore final : public remote::RemoteStore {
 public:
  // What a test says:

  /// Of a field that is not set, there is an error.
  void Set(const std::string& ref, const std::string& text) {
    const std::lock_guard lock(mutex_);
    fields_[ref] = text;
    ++versions_[DocumentOf(ref)];
  }
  /// All fetches, or those of one document, until nothing is given.
  void FailWith(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  void FailWith(const std::string& document, std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    errors_.erase(document);
    if (error) errors_.emplace(document, *std::move(error));
  }
  /// Fetches hang while it holds, but not beyond their deadline or a stop.
  void Hang(bool hang) {
    const std::lock_guard lock(mutex_);
    hang_ = hang;
    changed_.notify_all();
  }
  void SetFiles(std::vector<std::string> files) {
    const std::lock_guard lock(mutex_);
    files_ = std::move(files);
  }
  /// Says "unchanged" to who has the newest version.
  void KnowVersions(bool know) {
    const std::lock_guard lock(mutex_);
    know_versions_ = know;
  }
  /// What one fetch costs.
  void SetCost(unsigned requests) {
    const std::lock_guard lock(mutex_);
    cost_ = requests;
  }

  // What a test asks:

  [[nodiscard]] std::vector<std::string> fetched() const {
    const std::lock_guard lock(mutex_);
    return fetched_;
  }
  [[nodiscard]] size_t fetches() const { return fetched().size(); }
  [[nodiscard]] remote::Wanted newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }
  /// Waits until so many fetches hang.
  void AwaitInFlight(unsigned count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ >= count; });
  }
  [[nodiscard]] unsigned most_in_flight() const {
    const std::lock_guard lock(mutex_);
    return most_in_flight_;
  }
  [[nodiscard]] bool stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    if (ref.find('/') != std::string::npos) return Ok{};
    return Error{Code::kInvalid, "is not a reference", "", "as in item/field"};
  }
  [[nodiscard]] std::string DocumentOf(const std::string& ref) const override {
    return ref.substr(0, ref.find('/'));
  }
  [[nodiscard]] bool IsComputed(const std::string& ref) const override {
    return ref.ends_with("?otp");
  }
  [[nodiscard]] Result<SecretBytes> Compute(const std::string& /*ref*/, ByteView fetched,
                                            WallTime now) const override {
    const std::string text = std::string(AsText(fetched)) + "@" +
                             std::to_string(std::chrono::system_clock::to_time_t(now));
    return SecretBytes::CopyOf(AsBytes(text));
  }
  [[nodiscard]] std::vector<std::string> Files() const override {
    const std::lock_guard lock(mutex_);
    return files_;
  }
  void Stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

  Result<remote::Given> Fetch(const remote::Wanted& wanted, remote::Call& call) override {
    std::unique_lock lock(mutex_);
    TRY(call.Spend(cost_));
    fetched_.push_back(wanted.document);
    newest_ = wanted;
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
    changed_.notify_all();
    changed_.wait(lock, call.stop(), [this] { return !hang_ || stopped_; });
    --in_flight_;
    if (call.stop().stop_requested() || stopped_) {
      return Error{Code::kInterrupted, "is being stopped", "", ""};
    }
    if (error_) return *error_;
    if (const auto at = errors_.find(wanted.document); at != errors_.end()) return at->second;
    return Answer(wanted);
  }

 private:
  Result<remote::Given> Answer(const remote::Wanted& wanted) {
    remote::Given given;
    if (know_versions_) {
      given.version = std::to_string(versions_[wanted.document]);
      given.unchanged = given.version == wanted.version;
      if (given.unchanged) return given;
    }
    for (const std::string& ref : wanted.refs) {
      const auto at = fields_.find(ref);
      if (at != fields_.end()) {
        given.secrets.push_back({ref, SecretBytes::CopyOf(AsBytes(at->second))});
      } else {
        given.secrets.push_back({ref, Error{Code::kNotFound, "there is no such field", ref, ""}});
      }
    }
    return given;
  }

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::map<std::string, std::string> fields_;
  std::map<std::string, uint64_t> versions_;
  std::optional<Error> error_;
  std::map<std::string, Error> errors_;
  std::vector<std::string> files_;
  std::vector<std::string> fetched_;
  remote::Wanted newest_;
  bool hang_ = false;
  bool know_versions_ = true;
  bool stopped_ = false;
  unsigned cost_ = 1;
  unsigned in_flight_ = 0;
  unsigned most_in_flight_ = 0;
};

}  // namespace secretfs::testkit
