#include "crypto/identity.h"

#include <algorithm>
#include <utility>

namespace secretfs::age {

std::vector<IdentityPtr> CheapestFirst(std::span<const IdentityPtr> identities) {
  // Each is asked once: the answer may change meanwhile.
  std::vector<std::pair<Cost, IdentityPtr>> costs;
  costs.reserve(identities.size());
  for (const IdentityPtr& identity : identities) costs.emplace_back(identity->cost(), identity);
  std::ranges::stable_sort(costs, {}, &std::pair<Cost, IdentityPtr>::first);
  std::vector<IdentityPtr> sorted;
  sorted.reserve(costs.size());
  for (auto& [cost, identity] : costs) sorted.push_back(std::move(identity));
  return sorted;
}

}  // namespace secretfs::age
