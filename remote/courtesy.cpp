#include "remote/courtesy.h"

#include <algorithm>

namespace secretfs::remote {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kQuickTries = 4;  // a network is often late at boot
constexpr std::chrono::seconds kLongestQuick = 4s;
constexpr std::chrono::seconds kLongest = 15min;
constexpr std::chrono::seconds kShortest = 1s;
constexpr std::chrono::seconds kWrongDocument = 60s;
constexpr std::chrono::seconds kMostAskedFor = std::chrono::hours(24);
constexpr double kJitter = 0.1;

SteadyTime::duration Part(std::chrono::seconds whole, double part) {
  return std::chrono::duration_cast<SteadyTime::duration>(whole * part);
}

}  // namespace

std::optional<Courtesy::Refusal> Courtesy::WhyNot(const std::string& document,
                                                  SteadyTime now) const {
  if (insisted_.contains(document)) return std::nullopt;
  if (source_) {
    if (now < source_->until) return Refusal{source_->error, source_->until};
    const bool quick = source_->cause == Cause::kFailing && source_->failures <= kQuickTries;
    if (!quick && probe_) return Refusal{source_->error, now + kShortest};
  }
  const auto own = documents_.find(document);
  if (own == documents_.end() || now >= own->second.until) return std::nullopt;
  return Refusal{own->second.error, own->second.until};
}

Courtesy::Round Courtesy::Begin(const std::string& document) {
  insisted_.erase(document);
  if (source_ && !probe_) probe_ = document;
  return round_;
}

void Courtesy::Answered(const std::string& document, Round round) {
  EndProbe(document);
  documents_.erase(document);
  SourceIsThere(round);
}

void Courtesy::Failed(const std::string& document, Round round, const Error& error,
                      SteadyTime now) {
  EndProbe(document);
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kIo:
      FailedToAnswer(document, round, error, now);
      break;
    case Code::kLimited:
      PauseSource(Cause::kLimited, round, error, now);
      break;
    case Code::kRefused:
      PauseSource(Cause::kRefused, round, error, now);
      break;
    default:
      SourceIsThere(round);
      documents_[document] = {Cause::kDocument, 1, now, now + kWrongDocument, error, round_};
      break;
  }
}

void Courtesy::Dropped(const std::string& document) { EndProbe(document); }

/// One document that never comes must not hold up the others, so that its pause is its own until
/// there is no answer for another one either.
void Courtesy::FailedToAnswer(const std::string& document, Round round, const Error& error,
                              SteadyTime now) {
  Pause& own = documents_[document];
  const unsigned failures = own.cause == Cause::kFailing ? own.failures + 1 : 1;
  own = {Cause::kFailing, failures, now, now + BackOff(failures), error, round_};
  unanswered_.insert(document);
  if (unanswered_.size() > 1) {
    PauseSource(Cause::kFailing, round, error, now);
  } else if (!source_) {
    state_ = State::kFailing;
    not_before_ = own.until;
  }
}

void Courtesy::PauseSource(Cause cause, Round round, const Error& error, SteadyTime now) {
  // What was under way with the request that began the pause tells nothing new, unless that the
  // source wants more of it.
  const bool news = !source_ || round >= source_->round;
  if (!news && (cause == Cause::kFailing || cause == source_->cause)) return;
  const bool again = source_ && source_->cause == cause;
  const unsigned failures = again ? source_->failures + 1 : 1;
  source_ = {cause, failures, now, now + LengthOf(cause, failures, error), error, ++round_};
  state_ = cause == Cause::kFailing   ? State::kFailing
           : cause == Cause::kLimited ? State::kLimited
                                      : State::kRefused;
  not_before_ = source_->until;
}

void Courtesy::SourceIsThere(Round round) {
  unanswered_.clear();
  if (source_ && round < source_->round) return;
  if (source_ && source_->cause == Cause::kFailing) {
    std::erase_if(documents_, [](const auto& one) { return one.second.cause == Cause::kFailing; });
  }
  source_.reset();
  state_ = State::kWell;
  not_before_ = {};
}

void Courtesy::EndProbe(const std::string& document) {
  if (probe_ == document) probe_.reset();
}

void Courtesy::TokenChanged() {
  if (!source_ || source_->cause != Cause::kRefused) return;
  source_->until = source_->began;
  not_before_ = source_->until;
}

void Courtesy::NetworkChanged(SteadyTime now) {
  // Routes change several times in a row, and each would be a request.
  const auto shorten = [now](Pause& pause) {
    if (pause.cause != Cause::kFailing) return;
    pause.until = std::min(pause.until, std::max(now, pause.began + kShortest));
  };
  if (source_) shorten(*source_);
  for (auto& [document, pause] : documents_) shorten(pause);
  if (state_ == State::kFailing) not_before_ = std::min(not_before_, now);
}

SteadyTime::duration Courtesy::BackOff(unsigned failures) const {
  const unsigned doublings = std::min(failures - 1, 10U);
  const std::chrono::seconds whole = kShortest * (1U << doublings);
  if (failures <= kQuickTries) return std::min(whole, kLongestQuick);
  return std::max<SteadyTime::duration>(kShortest, Part(std::min(whole, kLongest), random_()));
}

SteadyTime::duration Courtesy::LengthOf(Cause cause, unsigned failures, const Error& error) const {
  if (cause == Cause::kRefused) return kLongest;
  if (cause == Cause::kFailing) return BackOff(failures);
  if (error.retry_after.count() <= 0) return BackOff(kQuickTries + failures);
  const std::chrono::seconds wanted = std::min(error.retry_after, kMostAskedFor);
  return wanted + Part(std::max(wanted, kShortest), kJitter * random_());
}

}  // namespace secretfs::remote
