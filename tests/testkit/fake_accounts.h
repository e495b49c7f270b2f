// Users and groups from two maps. Fill it before threads share it; look-ups are counted.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "core/access.h"

namespace secretfs::testkit {

class FakeAccounts final : public Accounts {
 public:
  FakeAccounts() = default;
  FakeAccounts(std::map<std::string, uid_t> named_users, std::map<std::string, gid_t> named_groups)
      : users(std::move(named_users)), groups(std::move(named_groups)) {}

  std::map<std::string, uid_t> users;
  std::map<std::string, gid_t> groups;

  [[nodiscard]] std::optional<uid_t> User(const std::string& name) const override {
    return Look(users, name);
  }
  [[nodiscard]] std::optional<gid_t> Group(const std::string& name) const override {
    return Look(groups, name);
  }
  [[nodiscard]] int lookups() const { return lookups_; }

 private:
  std::optional<uint32_t> Look(const std::map<std::string, uint32_t>& in,
                               const std::string& name) const {
    ++lookups_;
    const auto at = in.find(name);
    return at == in.end() ? std::nullopt : std::optional(at->second);
  }
  mutable std::atomic<int> lookups_ = 0;
};

}  // namespace secretfs::testkit
