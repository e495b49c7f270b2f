#include "providers/remote_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/file.h"
#include "base/text.h"
#include "base/time_text.h"
#include "remote/budget.h"
#include "remote/courtesy.h"

namespace secretfs {
namespace {

using remote::Courtesy;
using remote::Given;
using remote::RemoteStorePtr;

SourceState StateOf(Courtesy::State state) {
  switch (state) {
    case Courtesy::State::kUntried:
      return SourceState::kUntried;
    case Courtesy::State::kWell:
      return SourceState::kWell;
    case Courtesy::State::kFailing:
      return SourceState::kFailing;
    case Courtesy::State::kLimited:
      return SourceState::kLimited;
    case Courtesy::State::kRefused:
      break;
  }
  return SourceState::kRefused;
}

/// What may heal without anybody's doing, or by another token.
bool MayHeal(Code code) {
  return code == Code::kUnavailable || code == Code::kTimeout || code == Code::kIo ||
         code == Code::kLimited || code == Code::kRefused;
}

/// States of files, of which some may not be there.
using Stamps = std::vector<std::optional<FileStamp>>;

Stamps StampsOf(const std::vector<std::string>& files) {
  Stamps stamps;
  for (const std::string& file : files) {
    auto stamp = StampOf(file);
    stamps.push_back(stamp ? std::optional(*stamp) : std::nullopt);
  }
  return stamps;
}

class SourceCall final : public remote::Call {
 public:
  SourceCall(SteadyTime deadline, std::stop_token stop, remote::Budget& budget, bool missing,
             const Clock& clock)
      : deadline_(deadline),
        stop_(std::move(stop)),
        budget_(budget),
        missing_(missing),
        clock_(clock) {}
  [[nodiscard]] SteadyTime deadline() const noexcept override { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept override { return stop_; }
  Status Spend(unsigned requests) override {
    const Status spent = budget_.Spend(requests, missing_, clock_.Wall());
    if (!spent) refused_ = spent.error();
    return spent;
  }
  /// Why a request was not made.
  [[nodiscard]] const std::optional<Error>& refused() const { return refused_; }

 private:
  const SteadyTime deadline_;
  const std::stop_token stop_;
  remote::Budget& budget_;
  const bool missing_;
  const Clock& clock_;
  std::optional<Error> refused_;
};

class RemoteSource final : public Provider {
 public:
  RemoteSource(RemoteStorePtr store, RemoteSourceOptions options)
      : store_(std::move(store)),
        options_(std::move(options)),
        clock_(*options_.clock),
        budget_({options_.requests_per_day, FileOf(options_), options_.warn}),
        courtesy_(options_.random) {}
  RemoteSource(const RemoteSource&) = delete;
  RemoteSource& operator=(const RemoteSource&) = delete;
  ~RemoteSource() override { store_->Stop(); }

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    return store_->CheckRef(ref);
  }
  [[nodiscard]] std::string DocumentOf(const std::string& ref) const override {
    return store_->DocumentOf(ref);
  }
  [[nodiscard]] std::vector<std::string> FilesOf(const std::string& /*document*/) const override {
    return store_->Files();
  }
  [[nodiscard]] bool IsComputed(const std::string& ref) const override {
    return store_->IsComputed(ref);
  }
  [[nodiscard]] std::optional<RemoteTerms> terms() const override {
    return RemoteTerms{.refresh = options_.refresh};
  }
  void Stop() override { store_->Stop(); }

  Result<Value> Fetch(const FetchRequest& request, SteadyTime deadline,
                      std::stop_token stop) override;
  [[nodiscard]] Result<Value> Select(const Value& document, const std::string& ref) const override;
  [[nodiscard]] std::optional<SourceHealth> Health() const override;
  void Insist(const std::string& document) override;
  void NetworkChanged() override;

 private:
  static std::string FileOf(const RemoteSourceOptions& options) {
    if (options.state_folder.empty() || !options.requests_per_day) return "";
    return remote::BudgetFile(options.state_folder, options.kind, options.name);
  }
  Result<Courtesy::Round> Begin(const FetchRequest& request, SteadyTime deadline,
                                const std::stop_token& stop);
  Result<Value> Ask(const FetchRequest& request, SourceCall& call);
  void End(const std::string& document, Courtesy::Round round, const Result<Value>& outcome,
           const SourceCall& call);
  void LookAtToken(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Error Explain(Error error, SteadyTime until) const;

  const RemoteStorePtr store_;
  const RemoteSourceOptions options_;
  const Clock& clock_;
  mutable remote::Budget budget_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any room_;
  Courtesy courtesy_;
  unsigned in_flight_ = 0;
  Stamps token_;  // as it was before the newest request
  std::optional<Error> error_;
  std::optional<Courtesy::Refusal> over_budget_;  // of the newest fetch
  std::optional<WallTime> succeeded_;
  std::optional<WallTime> failed_;
};

Result<Value> RemoteSource::Fetch(const FetchRequest& request, SteadyTime deadline,
                                  std::stop_token stop) {
  const bool missing = !request.version;
  if (const Status allowed = budget_.Allows(1, missing, clock_.Wall()); !allowed) {
    const std::lock_guard lock(mutex_);
    over_budget_ = {allowed.error(), clock_.Steady() + allowed.error().retry_after};
    return Explain(over_budget_->cause, over_budget_->until);
  }
  const Courtesy::Round round = TRY(Begin(request, deadline, stop));
  SourceCall call(std::min(deadline, clock_.Steady() + options_.timeout), stop, budget_, missing,
                  clock_);
  Result<Value> outcome = Error{Code::kResource, "ran out of memory", "", ""};
  try {
    outcome = Ask(request, call);
  } catch (const std::exception&) {  // its text may quote what was got
  }
  End(request.document, round, outcome, call);
  if (outcome) return outcome;
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Steady();
  if (call.refused()) return Explain(*call.refused(), now + call.refused()->retry_after);
  const auto paused = courtesy_.WhyNot(request.document, now);
  return Explain(outcome.error(), paused ? paused->until : now);
}

/// Waits for its turn. Errors: why it is not to be asked; kTimeout, kInterrupted.
Result<Courtesy::Round> RemoteSource::Begin(const FetchRequest& request, SteadyTime deadline,
                                            const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  LookAtToken(lock);
  while (true) {
    if (const auto why_not = courtesy_.WhyNot(request.document, clock_.Steady())) {
      return Explain(why_not->cause, why_not->until);
    }
    if (in_flight_ < kMostInFlight) break;
    if (stop.stop_requested()) return Error{Code::kInterrupted, "is being stopped", "", ""};
    const bool room =
        room_.wait_until(lock, stop, deadline, [this] { return in_flight_ < kMostInFlight; });
    if (!room && !stop.stop_requested()) {
      Error late{Code::kTimeout, "too many requests to the source were under way", "", ""};
      late.may_come = true;
      return late;
    }
  }
  ++in_flight_;
  return courtesy_.Begin(request.document);
}

Result<Value> RemoteSource::Ask(const FetchRequest& request, SourceCall& call) {
  Given given =
      TRY(store_->Fetch({request.document, request.refs, request.version.value_or("")}, call));
  Value value;
  value.modified = clock_.Wall();
  value.unchanged = given.unchanged;
  if (given.unchanged) {
    if (request.version && !request.version->empty()) return value;
    return Error{Code::kUnavailable, "was told that nothing changed, but nothing was there", "",
                 ""};
  }
  value.origin_version = std::move(given.version);
  for (const std::string& ref : request.refs) {
    const auto found = std::ranges::find(given.secrets, ref, &FetchedSecret::ref);
    if (found != given.secrets.end()) {
      value.fetched.push_back({ref, std::move(found->value)});
    } else {
      value.fetched.push_back({ref, Error{Code::kUnavailable, "was not in the answer", "", ""}});
    }
  }
  return value;
}

void RemoteSource::End(const std::string& document, Courtesy::Round round,
                       const Result<Value>& outcome, const SourceCall& call) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  room_.notify_one();
  over_budget_.reset();
  if (call.refused()) {
    over_budget_ = {*call.refused(), clock_.Steady() + call.refused()->retry_after};
  }
  const bool stopped =
      !outcome && (outcome.error().code == Code::kInterrupted || call.stop().stop_requested());
  if (call.refused() || stopped) {
    courtesy_.Dropped(document);
  } else if (outcome) {
    courtesy_.Answered(document, round);
    succeeded_ = clock_.Wall();
    error_.reset();
  } else {
    courtesy_.Failed(document, round, outcome.error(), clock_.Steady());
    failed_ = clock_.Wall();
    error_ = outcome.error();
  }
}

/// What was refused is tried again as soon as the token's file is another. The disk is not waited
/// for under the lock.
void RemoteSource::LookAtToken(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  Stamps now = StampsOf(store_->Files());
  lock.lock();
  if (now == token_) return;
  token_ = std::move(now);
  courtesy_.TokenChanged();
}

Error RemoteSource::Explain(Error error, SteadyTime until) const {
  error.may_come |= MayHeal(error.code);
  if (error.where.empty()) error.where = "source " + options_.name;
  const SteadyTime::duration left = until - clock_.Steady();
  if (left <= SteadyTime::duration::zero()) return error;
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(left);
  if (!error.hint.empty()) error.hint += "; ";
  error.hint += "it is asked again at " +
                TimeText(clock_.Wall() + std::chrono::duration_cast<WallTime::duration>(left));
  return error;
}

Result<Value> RemoteSource::Select(const Value& document, const std::string& ref) const {
  const auto found = std::ranges::find(document.fetched, ref, &FetchedSecret::ref);
  if (found == document.fetched.end()) {
    return Error{Code::kNotFound, "was not kept for a start without the store", "", ""};
  }
  if (!found->value) {
    Error error = found->value.error();
    error.may_come |= MayHeal(error.code);
    return error;
  }
  Value value;
  value.modified = document.modified;
  const ByteView bytes = found->value->Expose();
  if (store_->IsComputed(ref)) {
    value.bytes = TRY(store_->Compute(ref, bytes, clock_.Wall()));
  } else {
    value.bytes = TRY(SecretBytes::CopyOf(bytes));
  }
  return value;
}

std::optional<SourceHealth> RemoteSource::Health() const {
  SourceHealth health;
  health.name = options_.name;
  health.kind = options_.kind;
  health.budget = options_.requests_per_day;
  health.requests = budget_.Spent(clock_.Wall());
  const std::lock_guard lock(mutex_);
  health.state = StateOf(courtesy_.state());
  health.error = error_;
  health.succeeded = succeeded_;
  health.failed = failed_;
  health.in_flight = in_flight_;
  SteadyTime::duration left = courtesy_.not_before() - clock_.Steady();
  if (over_budget_) {
    health.state = SourceState::kLimited;
    health.error = over_budget_->cause;
    left = over_budget_->until - clock_.Steady();
  }
  if (left > SteadyTime::duration::zero()) {
    health.not_before = clock_.Wall() + std::chrono::duration_cast<WallTime::duration>(left);
  }
  return health;
}

void RemoteSource::Insist(const std::string& document) {
  const std::lock_guard lock(mutex_);
  courtesy_.Insist(document);
}

void RemoteSource::NetworkChanged() {
  const std::lock_guard lock(mutex_);
  courtesy_.NetworkChanged(clock_.Steady());
}

/// In place of a store that could not be made.
class BrokenSource final : public Provider {
 public:
  BrokenSource(Error error, RemoteSourceOptions options)
      : error_(std::move(error)), options_(std::move(options)) {
    if (error_.where.empty()) error_.where = "source " + options_.name;
  }
  Result<Value> Fetch(const FetchRequest& /*request*/, SteadyTime /*deadline*/,
                      std::stop_token /*stop*/) override {
    return error_;
  }
  [[nodiscard]] std::optional<RemoteTerms> terms() const override {
    return RemoteTerms{.refresh = options_.refresh};
  }
  [[nodiscard]] std::optional<SourceHealth> Health() const override {
    SourceHealth health;
    health.name = options_.name;
    health.kind = options_.kind;
    health.state = SourceState::kFailing;
    health.error = error_;
    health.budget = options_.requests_per_day;
    return health;
  }
  [[nodiscard]] bool lasting() const override { return false; }

 private:
  Error error_;
  const RemoteSourceOptions options_;
};

}  // namespace

std::unique_ptr<Provider> MakeRemoteSource(Result<RemoteStorePtr> store,
                                           RemoteSourceOptions options) {
  if (!store) return std::make_unique<BrokenSource>(std::move(store).error(), std::move(options));
  return std::make_unique<RemoteSource>(*std::move(store), std::move(options));
}

}  // namespace secretfs
