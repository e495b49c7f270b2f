// When a remote source may be asked, and for what: growing pauses while it does not answer, none
// before it said, none while it does not take our token, and for each document that is wrong a
// pause of its own. Pure: time and randomness come in. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace secretfs::remote {

class Courtesy {
 public:
  /// `random` gives numbers from 0 to below 1.
  explicit Courtesy(std::function<double()> random) : random_(std::move(random)) {}

  enum class State { kUntried, kWell, kFailing, kLimited, kRefused };
  struct Refusal {
    Error cause;
    SteadyTime until;
  };
  /// Why this document is not to be asked for now, if so.
  [[nodiscard]] std::optional<Refusal> WhyNot(const std::string& document, SteadyTime now) const;

  /// Of a request, handed back with its outcome.
  using Round = uint64_t;
  /// It is asked for. Exactly one of the next three follows.
  Round Begin(const std::string& document);
  void Answered(const std::string& document, Round round);
  /// `error` is classed as remote/store.h says.
  void Failed(const std::string& document, Round round, const Error& error, SteadyTime now);
  /// Nothing is known: it was not asked after all, or nobody waited for the answer.
  void Dropped(const std::string& document);

  /// The next WhyNot of this document lets it through.
  void Insist(const std::string& document) { insisted_.insert(document); }
  /// What was refused may be taken now.
  void TokenChanged();
  /// What did not answer may do so now.
  void NetworkChanged(SteadyTime now);

  [[nodiscard]] State state() const { return state_; }
  /// When the source is asked again, as far as one can say; in the past when it may be now.
  [[nodiscard]] SteadyTime not_before() const { return not_before_; }

 private:
  enum class Cause { kFailing, kLimited, kRefused, kDocument };
  struct Pause {
    Cause cause = Cause::kDocument;
    unsigned failures = 0;  // in a row
    SteadyTime began{};
    SteadyTime until{};
    Error error;
    Round round = 0;  // of the first request after it
  };
  void FailedToAnswer(const std::string& document, Round round, const Error& error, SteadyTime now);
  void PauseSource(Cause cause, Round round, const Error& error, SteadyTime now);
  void SourceIsThere(Round round);
  void EndProbe(const std::string& document);
  [[nodiscard]] SteadyTime::duration BackOff(unsigned failures) const;
  [[nodiscard]] SteadyTime::duration LengthOf(Cause cause, unsigned failures,
                                              const Error& error) const;

  const std::function<double()> random_;
  State state_ = State::kUntried;
  SteadyTime not_before_{};
  Round round_ = 1;
  std::optional<Pause> source_;             // until it answers again
  std::map<std::string, Pause> documents_;  // that are paused by themselves
  std::set<std::string> unanswered_;        // documents, since the source answered last
  std::set<std::string> insisted_;
  std::optional<std::string> probe_;  // the one document that is asked for to see how it is
};

}  // namespace secretfs::remote
