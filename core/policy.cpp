#include "core/policy.h"

#include <vector>

#include "core/glob.h"

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

/// Whose manager has to run the unit.
std::optional<uid_t> ManagerOf(const CallerRule& rule, const Access& access,
                               const Accounts& accounts) {
  return ResolveUser(rule.who.text.empty() ? access.owner : rule.who, accounts);
}

bool IsOfUnits(const CallerRule& rule) noexcept {
  return rule.kind == CallerRule::Kind::kUnit || rule.kind == CallerRule::Kind::kUserUnit;
}

/// What it costs to ask, in steps: the request tells the user, and the others are looked up.
int CostOf(const CallerRule& rule) noexcept {
  switch (rule.kind) {
    case CallerRule::Kind::kUser:
      return 0;
    case CallerRule::Kind::kGroup:
      return 1;
    case CallerRule::Kind::kUnit:
    case CallerRule::Kind::kUserUnit:
      return 2;
    case CallerRule::Kind::kExecutable:
      break;
  }
  return 3;
}

/// The first rule that fits, of those that cost least; null when none does.
const CallerRule* FindRule(const std::vector<CallerRule>& rules, const Access& access,
                           const Caller& caller, const Accounts& accounts) {
  for (int cost = 0; cost <= 3; ++cost) {
    for (const CallerRule& rule : rules) {
      if (CostOf(rule) == cost && Fits(rule, access, caller, accounts)) return &rule;
    }
  }
  return nullptr;
}

}  // namespace

bool Fits(const CallerRule& rule, const Access& access, const Caller& caller,
          const Accounts& accounts) {
  switch (rule.kind) {
    case CallerRule::Kind::kUser:
      return ResolveUser(rule.who, accounts) == caller.uid();
    case CallerRule::Kind::kGroup: {
      const auto gid = ResolveGroup(rule.who, accounts);
      return gid && caller.InGroup(*gid);
    }
    case CallerRule::Kind::kUnit: {
      const Units units = caller.InUnits();
      return !units.unit.empty() && GlobMatches(rule.pattern, units.unit);
    }
    case CallerRule::Kind::kUserUnit: {
      const Units units = caller.InUnits();
      return !units.user_unit.empty() && units.user &&
             units.user == ManagerOf(rule, access, accounts) &&
             GlobMatches(rule.pattern, units.user_unit);
    }
    case CallerRule::Kind::kExecutable:
      return caller.Runs(rule.pattern);
  }
  return false;
}

Decision CheckRead(const Access& access, const Caller& caller, const Accounts& accounts) {
  if (!access.confine_to.empty() && !FindRule(access.confine_to, access, caller, accounts)) {
    return {false, "confine_to"};
  }
  if (caller.uid() == 0) return {true, "root"};
  if (const Decision by_mode = CheckMode(access, caller, accounts); by_mode.allow) return by_mode;
  if (const auto* rule = FindRule(access.readers, access, caller, accounts)) {
    return {true, rule->text};
  }
  return {false, "none"};
}

Decision CheckCredential(const Access& access, const Caller& caller, const Accounts& accounts) {
  for (const auto* rules : {&access.readers, &access.confine_to}) {
    for (const CallerRule& rule : *rules) {
      if (!IsOfUnits(rule) || !Fits(rule, access, caller, accounts)) continue;
      const Decision decision = CheckRead(access, caller, accounts);
      return decision.allow ? Decision{true, rule.text} : decision;
    }
  }
  return {false, "none"};
}

}  // namespace secretfs
