// A caller as options describe it, for `secretfs explain`: none has to exist.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/glob.h"
#include "core/policy.h"

namespace secretfs {

struct CallerOptions {
  std::string user;  // name or number; empty: who runs this
  std::vector<std::string> groups;
  std::string unit;
  std::string user_unit;  // [USER/]NAME
  std::string program;
};

class DescribedCaller final : public Caller {
 public:
  /// The groups of a user that are not given are those of NSS. Errors: kInvalid for a name that
  /// does not exist or cannot be one.
  static Result<DescribedCaller> From(const CallerOptions& options);

  [[nodiscard]] bool InGroup(gid_t group) const override {
    return std::ranges::find(groups_, group) != groups_.end();
  }
  [[nodiscard]] std::string Executable() const override { return program_; }
  [[nodiscard]] bool Runs(const std::string& pattern) const override {
    return !program_.empty() && GlobMatches(pattern, program_);
  }
  [[nodiscard]] Units InUnits() const override { return units_; }
  [[nodiscard]] pid_t Process() const override { return 0; }
  [[nodiscard]] std::shared_ptr<const Caller> Keep() const override {
    return std::make_shared<DescribedCaller>(*this);
  }

 private:
  DescribedCaller(uid_t uid, std::vector<gid_t> groups, Units units, std::string program)
      : Caller(uid, groups.empty() ? static_cast<gid_t>(-1) : groups.front(), 0),
        groups_(std::move(groups)),
        units_(std::move(units)),
        program_(std::move(program)) {}

  std::vector<gid_t> groups_;
  Units units_;
  std::string program_;
};

}  // namespace secretfs
