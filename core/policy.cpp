#include "core/policy.h"

namespace secretfs {

Ownership OwnershipOf(const Access& access, const Accounts& accounts) {
  const auto uid = ResolveUser(access.owner, accounts);
  const auto gid = ResolveGroup(access.group, accounts);
  return {uid.value_or(0), gid.value_or(0), uid.has_value() && gid.has_value()};
}

namespace {

/// POSIX: the first class that fits decides alone, even if a later one would allow.
Decision CheckMode(const Access& access, const Caller& caller, const Accounts& accounts) {
  const Ownership ownership = OwnershipOf(access, accounts);
  if (caller.uid() == ownership.uid) return {(access.mode & 0400U) != 0, "owner"};
  const bool group_matters =
      ((access.mode >> 3U) & 04U) != (access.mode & 04U);  // spares a look into /proc
  if (group_matters && caller.InGroup(ownership.gid)) return {(access.mode & 0040U) != 0, "group"};
  return {(access.mode & 0004U) != 0, "other"};
}

bool Matches(const ReaderRule& rule, const Caller& caller, const Accounts& accounts) {
  if (rule.kind == ReaderRule::Kind::kUser) return ResolveUser(rule.who, accounts) == caller.uid();
  const auto gid = ResolveGroup(rule.who, accounts);
  return gid && caller.InGroup(*gid);
}

}  // namespace

Decision CheckRead(const Access& access, const Caller& caller, const Accounts& accounts) {
  if (caller.uid() == 0) return {true, "root"};
  if (const Decision by_mode = CheckMode(access, caller, accounts); by_mode.allow) return by_mode;
  for (const ReaderRule& rule : access.readers) {
    if (Matches(rule, caller, accounts)) return {true, rule.text};
  }
  return {false, "none"};
}

}  // namespace secretfs
