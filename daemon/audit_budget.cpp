#include "daemon/audit_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/refusal_log.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kSecond{1};

}  // namespace

bool RefusalBudget::Take(const AuditEvent& refusal, SteadyTime now) {
  if (now - second_ >= kSecond) {
    second_ = now;
    std::erase_if(shares_, [](const Share& share) { return share.more.count == 0; });
    for (Share& share : shares_) share.taken = 0;
  }
  const bool credentials = IsSystemdsRead(refusal);
  Share& share = ShareOf(refusal.uid, credentials);
  if (share.taken < (credentials ? kCredentials : kEach)) {
    ++share.taken;
    return true;
  }
  ++share.more.count;
  owes_ = true;
  return false;
}

RefusalBudget::Share& RefusalBudget::ShareOf(uid_t uid, bool credentials) {
  const auto found = std::ranges::find_if(shares_, [&](const Share& share) {
    return share.more.uid == uid && share.more.credentials == credentials;
  });
  if (found != shares_.end()) return *found;
  // Root's are always its own: a user may have many ids to ask with.
  if (shares_.size() >= kUsers && uid != 0 && uid != kOthers) return ShareOf(kOthers, false);
  return shares_.emplace_back(Share{{uid, credentials, 0}, 0});
}

std::vector<RefusalBudget::More> RefusalBudget::Collect(SteadyTime now, bool all) {
  std::vector<More> collected;
  if (!owes_ || (!all && now - collected_ < kSecond)) return collected;
  for (Share& share : shares_) {
    if (share.more.count > 0) collected.push_back(share.more);
    share.more.count = 0;
  }
  collected_ = now;
  owes_ = false;
  return collected;
}

}  // namespace secretfs
