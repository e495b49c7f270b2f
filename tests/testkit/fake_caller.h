// A process that asks, with the groups a test gives it. What it was asked is kept, since each such
// question costs the daemon a look into /proc.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "core/glob.h"
#include "core/policy.h"

namespace secretfs::testkit {

class FakeCaller final : public Caller {
 public:
  FakeCaller(uid_t uid, gid_t gid, std::vector<gid_t> supplementary = {}, pid_t pid = 4711)
      : Caller(uid, gid, pid), supplementary_(std::move(supplementary)) {}

  [[nodiscard]] bool InGroup(gid_t group) const override {
    asked_.push_back(group);
    return group == gid() ||
           std::find(supplementary_.begin(), supplementary_.end(), group) != supplementary_.end();
  }
  [[nodiscard]] std::string Executable() const override { return "/usr/bin/fake"; }
  [[nodiscard]] bool Runs(const std::string& pattern) const override {
    return GlobMatches(pattern, Executable());
  }
  [[nodiscard]] Units InUnits() const override { return units; }
  [[nodiscard]] pid_t Process() const override { return pid(); }
  [[nodiscard]] std::shared_ptr<const Caller> Keep() const override {
    return std::make_shared<FakeCaller>(*this);
  }
  Units units;
  /// The groups that InGroup was called with, in order.
  [[nodiscard]] const std::vector<gid_t>& asked() const { return asked_; }

 private:
  std::vector<gid_t> supplementary_;
  mutable std::vector<gid_t> asked_;
};

}  // namespace secretfs::testkit
