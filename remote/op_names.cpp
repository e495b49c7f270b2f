#include "remote/op_names.h"

#include "base/text.h"
#include "remote/op_item.h"
#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

constexpr auto kListLasts = std::chrono::minutes(15);  // if something is not found in it

}  // namespace

Result<OpItemName> OpNames::Find(const OpItemName& names, bool unsure, const List& list) {
  if (!unsure && LooksLikeOpId(names.vault) && LooksLikeOpId(names.item)) return names;
  const std::lock_guard lock(mutex_);
  OpItemName ids;
  ids.vault = TRY(FindIn("", names.vault, unsure, list));
  ids.item = TRY(FindIn(ids.vault, names.item, unsure, list));
  return ids;
}

Error OpNames::NotOne(const std::string& vault_id, const std::string& name, const Listing& listing,
                      const std::vector<size_t>& matches) {
  const bool vaults = vault_id.empty();
  if (!matches.empty()) {
    std::vector<std::string> ids;
    for (const size_t match : matches) ids.push_back(listing.all[match].id);
    return SeveralMatch(vaults ? "vaults" : "items", name, ids);
  }
  return {Code::kNotFound, (vaults ? "no vault " : "the vault has no item ") + Quote(name), "op",
          "the service account sees only what it was given access to"};
}

Result<OpNames::Listing> OpNames::Load(const std::string& vault_id, const List& list) const {
  const SecretBytes text = TRY(list(vault_id));
  const SecretJson json = TRY(ParseSecretJson(text.Expose(), "op"));
  if (!json.is_array()) return Error{Code::kIo, "the answer is no list", "op", ""};
  Listing listing;
  listing.when = clock_.Steady();
  for (const SecretJson& one : json) {
    const auto name = TextOr(one, vault_id.empty() ? "name" : "title");
    listing.all.push_back({std::string(TextOr(one, "id")), std::string(name)});
  }
  return listing;
}

Result<std::string> OpNames::FindIn(const std::string& vault_id, const std::string& name,
                                    bool unsure, const List& list) {
  if (!unsure && LooksLikeOpId(name)) return name;
  while (true) {
    auto at = lists_.find(vault_id);
    bool newest = at == lists_.end();
    if (newest) at = lists_.emplace(vault_id, TRY(Load(vault_id, list))).first;
    const Listing& listing = at->second;
    newest = newest || clock_.Steady() - listing.when < kListLasts;
    std::vector<OpNamed> named;
    for (const Named& one : listing.all) named.push_back({one.id, one.name});
    const auto matches = MatchOpNames(name, named);
    if (matches.size() == 1 && (newest || !unsure)) return listing.all[matches.front()].id;
    if (newest) return NotOne(vault_id, name, listing, matches);
    lists_.erase(at);
  }
}

}  // namespace secretfs::remote
