#include "core/policy.h"

namespace secretfs {

Ownership OwnershipOf(const Access& access, const Accounts& accounts) {
  const auto uid = ResolveUser(access.owner, accounts);
  const auto gid = ResolveGroup(access.group, accounts);
  return {uid.value_or(0), gid.value_or(0), uid.has_value() && gid.has_value()};
}

namespace {

/// POSIX: the first class that fits decides alone, even if a later one would allow. While a name
/// does not exist nobody can be told to be outside its class, so nobody passes here but root.
Decision CheckMode(const Access& access, const Caller& caller, const Accounts& accounts) {
  const auto owner = ResolveUser(access.owner, accounts);
  const auto group = ResolveGroup(access.group, accounts);
  if (owner && caller.uid() == *owner) return {(access.mode & 0400U) != 0, "owner"};
  if (!owner || !group) return {};
  const bool group_matters =
      ((access.mode >> 3U) & 04U) != (access.mode & 04U);  // spares a look into /proc
  if (group_matters && caller.InGroup(*group)) return {(access.mode & 0040U) != 0, "group"};
  return {(access.mode & 0004U) != 0, "other"};
}

bool Matches(const CallerRule& rule, const Caller& caller, const Accounts& accounts) {
  if (rule.kind == CallerRule::Kind::kUser) return ResolveUser(rule.who, accounts) == caller.uid();
  if (rule.kind != CallerRule::Kind::kGroup) return false;
  const auto gid = ResolveGroup(rule.who, accounts);
  return gid && caller.InGroup(*gid);
}

}  // namespace

Decision CheckRead(const Access& access, const Caller& caller, const Accounts& accounts) {
  if (caller.uid() == 0) return {true, "root"};
  if (const Decision by_mode = CheckMode(access, caller, accounts); by_mode.allow) return by_mode;
  for (const auto kind : {CallerRule::Kind::kUser, CallerRule::Kind::kGroup}) {  // cheap ones first
    for (const CallerRule& rule : access.readers) {
      if (rule.kind == kind && Matches(rule, caller, accounts)) return {true, rule.text};
    }
  }
  return {false, "none"};
}

}  // namespace secretfs
