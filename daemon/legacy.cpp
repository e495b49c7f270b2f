#include "daemon/legacy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "base/file.h"
#include "base/unique_fd.h"

namespace secretfs {
namespace {

constexpr const char* kOomScore = "/proc/self/oom_score_adj";
constexpr int kNoScore = 1001;  // greater than all

}  // namespace

std::string LegacyText(const SuperviseOptions::Legacy& legacy) {
  std::string text;
  for (const int number : {legacy.device, legacy.state, legacy.root, legacy.server, legacy.control,
                           legacy.next, legacy.next_control}) {
    text += std::to_string(number) + ',';
  }
  return text + std::to_string(legacy.oom_score.value_or(kNoScore));
}

Result<SuperviseOptions::Legacy> ParseLegacy(const std::string& text) {
  SuperviseOptions::Legacy legacy;
  int oom_score = kNoScore;
  const std::array<int*, 8> numbers{&legacy.device,       &legacy.state,   &legacy.root,
                                    &legacy.server,       &legacy.control, &legacy.next,
                                    &legacy.next_control, &oom_score};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int* const number : numbers) {
    const auto [after, error] = std::from_chars(at, end, *number);
    const bool last = number == numbers.back();
    if (error != std::errc() || (after == end) != last || (!last && *after != ',')) {
      return Error{Code::kInvalid, "is not what a supervisor leaves", text, ""};
    }
    at = last ? after : after + 1;
  }
  if (oom_score != kNoScore) legacy.oom_score = oom_score;
  return legacy;
}

/// Children of this thread but those.
std::vector<pid_t> OtherChildren(const std::vector<pid_t>& known) {
  std::vector<pid_t> others;
  const auto all = ReadFile("/proc/thread-self/children", size_t{1} << 16U);
  std::istringstream words(all ? std::string(AsText(*all)) : "");
  for (pid_t id = 0; words >> id;) {
    if (std::ranges::find(known, id) == known.end()) others.push_back(id);
  }
  return others;
}

std::optional<int> OutliveServers() {
  const auto text = ReadFile(kOomScore, 64);
  const UniqueFd file(::open(kOomScore, O_WRONLY | O_CLOEXEC));
  constexpr std::string_view kNever = "-1000";
  if (!text || !file || ::write(file.get(), kNever.data(), kNever.size()) < 0) return std::nullopt;
  int usual = 0;
  const std::string_view words = AsText(*text);
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), usual);
  return error == std::errc() ? std::optional(usual) : std::nullopt;
}

}  // namespace secretfs
