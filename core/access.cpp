#include "core/access.h"

namespace secretfs {

void AddNames(const Access& access, AccountNames& names) {
  const auto add = [](std::set<std::string>& to, const Principal& who) {
    if (!who.number && !who.text.empty()) to.insert(who.text);
  };
  add(names.users, access.owner);
  add(names.groups, access.group);
  for (const auto* rules : {&access.readers, &access.confine_to}) {
    for (const CallerRule& rule : *rules) {
      add(rule.kind == CallerRule::Kind::kGroup ? names.groups : names.users, rule.who);
    }
  }
}

std::vector<std::string> UnknownNames(const Access& access, const Accounts& accounts) {
  AccountNames names;
  AddNames(access, names);
  std::vector<std::string> unknown;
  for (const std::string& name : names.users) {
    if (!accounts.User(name)) unknown.push_back("user:" + name);
  }
  for (const std::string& name : names.groups) {
    if (!accounts.Group(name)) unknown.push_back("group:" + name);
  }
  return unknown;
}

}  // namespace secretfs
