#include "remote/budget.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <numeric>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "crypto/hkdf.h"

namespace secretfs::remote {
namespace {

constexpr std::string_view kFirstLine = "secretfs budget 1\n";
constexpr size_t kMostFileBytes = 4096;
constexpr int64_t kHours = 24;        // besides the one that is under way
constexpr uint64_t kForMissing = 10;  // one part of so many
constexpr size_t kNameBytes = 8;      // of the hash

int64_t HourOf(WallTime time) {
  return std::chrono::floor<std::chrono::hours>(time.time_since_epoch()).count();
}

/// "HOUR COUNT"
bool ReadLine(std::string_view line, std::map<int64_t, uint64_t>& hours) {
  int64_t hour = 0;
  uint64_t count = 0;
  const char* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, hour);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return false;
  const auto second = std::from_chars(first.ptr + 1, end, count);
  if (second.ec != std::errc() || second.ptr != end || count > UINT32_MAX) return false;
  return hours.emplace(hour, count).second;
}

Result<std::map<int64_t, uint64_t>> Parse(std::string_view text, const std::string& file) {
  const Error broken{Code::kInvalid, "is not a count of requests", file, "it is counted anew"};
  if (!text.starts_with(kFirstLine)) return broken;
  text.remove_prefix(kFirstLine.size());
  std::map<int64_t, uint64_t> hours;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || !ReadLine(text.substr(0, end), hours)) return broken;
    text.remove_prefix(end + 1);
  }
  return hours;
}

}  // namespace

std::string BudgetFile(const std::string& folder, const std::string& kind,
                       const std::string& name) {
  const crypto::Sha256Digest digest = crypto::Sha256(AsBytes(kind + '\0' + name));
  std::string hex;
  for (size_t i = 0; i < kNameBytes; ++i) {
    std::array<char, 3> byte{};
    std::snprintf(byte.data(), byte.size(), "%02x", std::to_integer<unsigned>(digest[i]));
    hex += byte.data();
  }
  return folder + "/requests-" + hex;
}

Status Budget::Spend(unsigned requests, bool missing, WallTime now) {
  const std::lock_guard lock(mutex_);
  const int64_t hour = HourOf(now);
  Load(hour);
  TRY(Check(requests, missing, now));
  hours_[hour] += requests;
  Keep();
  return Ok{};
}

Status Budget::Allows(unsigned requests, bool missing, WallTime now) {
  const std::lock_guard lock(mutex_);
  Load(HourOf(now));
  return Check(requests, missing, now);
}

uint64_t Budget::Spent(WallTime now) {
  const std::lock_guard lock(mutex_);
  Load(HourOf(now));
  return Sum();
}

/// Reads the file, if that was not done, and forgets the hours that are over. Those to come are of
/// a clock that was wrong; so are those of long ago, once it is right.
void Budget::Load(int64_t hour) {
  if (!loaded_ && !options_.file.empty()) {
    const auto content = ReadFile(options_.file, kMostFileBytes);
    if (content) {
      auto hours = Parse(AsText(*content), options_.file);
      if (hours) hours_ = *std::move(hours);
      if (!hours) Warn(hours.error());
    } else if (content.error().code != Code::kNotFound) {
      Warn(content.error());
    }
  }
  loaded_ = true;
  std::erase_if(hours_, [hour](const auto& one) {
    return one.first < hour - kHours || one.first > hour + kHours;
  });
}

void Budget::Keep() {
  if (options_.file.empty()) return;
  std::string text(kFirstLine);
  for (const auto& [hour, count] : hours_) {
    text += std::to_string(hour) + " " + std::to_string(count) + "\n";
  }
  ::mkdir(options_.file.substr(0, options_.file.rfind('/')).c_str(), 0700);
  const Status kept = ReplaceFile(options_.file, AsBytes(text), 0600);
  if (!kept) Warn(kept.error());
}

void Budget::Warn(const Error& error) {
  if (!warned_ && options_.warn) options_.warn(error);
  warned_ = true;
}

uint64_t Budget::Sum() const {
  return std::accumulate(hours_.begin(), hours_.end(), uint64_t{0},
                         [](uint64_t sum, const auto& one) { return sum + one.second; });
}

Status Budget::Check(unsigned requests, bool missing, WallTime now) const {
  if (!options_.per_day) return Ok{};
  const uint64_t all = *options_.per_day;
  const uint64_t most = missing ? all : all - all / kForMissing;
  const uint64_t spent = Sum();
  if (spent + requests <= most) return Ok{};
  // When enough of the oldest hours are over.
  uint64_t left = spent;
  WallTime then = now + std::chrono::hours(kHours + 1);
  for (const auto& [hour, count] : hours_) {
    left -= count;
    if (left + requests > most) continue;
    then = WallTime(std::chrono::hours(hour + kHours + 1));
    break;
  }
  Error error{Code::kLimited,
              std::to_string(spent) + " of the " + std::to_string(all) +
                  " requests that it may be asked in 24 hours were made",
              "", "set requests_per_day if the store allows more"};
  if (!missing && spent + requests <= all)
    error.what += "; the rest is for secrets without a value";
  error.may_come = true;
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(then - now);
  return error;
}

}  // namespace secretfs::remote
