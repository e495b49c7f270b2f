#include "cli/stdin_use.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace secretfs {
namespace {

constexpr std::array<std::string_view, 4> kNames{"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"};

}  // namespace

void StdinUse::AddFile(const std::string& file, std::string what) {
  if (std::ranges::find(kNames, file) != kNames.end()) Add(std::move(what));
}

void StdinUse::AddFiles(std::span<const std::string> files, const std::string& option) {
  for (const std::string& file : files) AddFile(file, option + " " + file);
}

Status StdinUse::Check() const {
  if (uses_.size() <= 1) return Ok{};
  return Error{Code::kInvalid,
               "standard input is used for more than one thing: " + Join(uses_, " and "), "",
               "name a file, or another descriptor, as in --passphrase-fd 3 3<FILE"};
}

}  // namespace secretfs
