#include "remote/connect_index.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "remote/op_item.h"
#include "remote/secret_json.h"

namespace secretfs::remote {
namespace {

/// A number of the answer, as text.
std::string NumberOf(const SecretJson& object, std::string_view name) {
  const SecretJson* number = FindMember(object, name);
  if (number == nullptr || !number->is_number_integer()) return "";
  return std::to_string(number->get<int64_t>());
}

Result<SecretJson> GetJson(const ConnectApi& api, const std::string& path, Call& call) {
  const auto answer = TRY(api.Get(path, call));
  return ParseSecretJson(answer.body.Expose(), api.url());
}

/// A list of objects that have ids.
Result<SecretJson> GetList(const ConnectApi& api, const std::string& path, Call& call) {
  auto json = TRY(GetJson(api, path, call));
  const bool sound = json.is_array() && std::ranges::all_of(json, [](const SecretJson& one) {
                       return !TextOr(one, "id").empty();
                     });
  if (!sound) return Error{Code::kIo, "the answer is no list of vaults or items", api.url(), ""};
  return json;
}

/// The position of the one that is named. `kind` is the plural of what they are.
Result<size_t> FindOne(std::string_view kind, const std::string& wanted,
                       const std::vector<OpNamed>& named, const std::string& where) {
  const auto matches = MatchOpNames(wanted, named);
  if (matches.size() == 1) return matches.front();
  if (!matches.empty()) {
    std::vector<std::string> ids;
    for (const size_t at : matches) ids.emplace_back(named[at].id);
    Error error = SeveralMatch(kind, wanted, ids);
    error.where = where;
    return error;
  }
  std::vector<std::string> names;
  for (const auto& one : named) names.emplace_back(one.name);
  const auto near = ClosestWord(wanted, names);
  return Error{Code::kNotFound, "none of the " + std::string(kind) + " is " + Quote(wanted), where,
               near ? "did you mean " + Quote(*near) + "?" : "the token may not be for it"};
}

}  // namespace

Status ConnectIndex::Enter(Call& call) {
  std::unique_lock lock(mutex_);
  if (freed_.wait_until(lock, call.stop(), call.deadline(), [this] { return !busy_; })) {
    busy_ = true;
    return Ok{};
  }
  if (call.stop().stop_requested()) {
    return Error{Code::kInterrupted, "the request was stopped", api_.url(), ""};
  }
  return Error{Code::kTimeout, "no request could be made in time", api_.url(), ""};
}

void ConnectIndex::Leave() {
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
  }
  freed_.notify_one();
}

Result<ConnectIndex::Found> ConnectIndex::Find(const OpItemName& name, bool anew, Call& call) {
  TRY(Enter(call));
  struct Turn {
    ConnectIndex& index;
    ~Turn() { index.Leave(); }
  };
  const Turn turn{*this};
  return FindInTurn(name, anew, call);
}

Result<ConnectIndex::Found> ConnectIndex::FindInTurn(const OpItemName& name, bool anew,
                                                     Call& call) {
  SteadyTime& asked = asked_.try_emplace({name.vault, name.item}, SteadyTime::min()).first->second;
  const SteadyTime before = std::exchange(asked, clock_.Steady());
  if (anew) vaults_.reset();
  const bool old = vaults_ && !IsFresh(listed_, before);
  auto found = Resolve(name, before, call);
  if (found || !old || found.error().code != Code::kNotFound) return found;
  vaults_.reset();  // it may have come meanwhile
  return Resolve(name, before, call);
}

Result<ConnectIndex::Found> ConnectIndex::Resolve(const OpItemName& name, SteadyTime before,
                                                  Call& call) {
  if (!vaults_) TRY(LoadVaults(call));
  Vault* vault = TRY(MatchVault(name.vault));
  if (vault->items && !IsFresh(vault->checked, before)) TRY(Check(*vault, call));
  if (!vault->items) TRY(LoadItems(*vault, call));
  return MatchItem(*vault, name.item);
}

Status ConnectIndex::LoadVaults(Call& call) {
  const auto json = TRY(GetList(api_, "/vaults", call));
  listed_ = clock_.Steady();
  auto& vaults = vaults_.emplace();
  for (const SecretJson& one : json) {
    vaults.push_back({std::string(TextOr(one, "id")), std::string(TextOr(one, "name")),
                      NumberOf(one, "contentVersion"), listed_, std::nullopt});
  }
  return Ok{};
}

Status ConnectIndex::LoadItems(Vault& vault, Call& call) const {
  const auto json = TRY(GetList(api_, "/vaults/" + EscapePathPart(vault.id) + "/items", call));
  auto& items = vault.items.emplace();
  for (const SecretJson& one : json) {
    const std::string_view state = TextOr(one, "state");
    if (state == "ARCHIVED" || state == "DELETED") continue;
    items.push_back({std::string(TextOr(one, "id")), std::string(TextOr(one, "title")),
                     NumberOf(one, "version")});
  }
  return Ok{};
}

Status ConnectIndex::Check(Vault& vault, Call& call) const {
  const auto json = TRY(GetJson(api_, "/vaults/" + EscapePathPart(vault.id), call));
  std::string version = NumberOf(json, "contentVersion");
  if (version.empty() || version != vault.content_version) vault.items.reset();
  vault.content_version = std::move(version);
  vault.checked = clock_.Steady();
  return Ok{};
}

Result<ConnectIndex::Vault*> ConnectIndex::MatchVault(const std::string& name) {
  std::vector<OpNamed> named;
  for (const Vault& vault : *vaults_) named.push_back({vault.id, vault.name});
  return &(*vaults_)[TRY(FindOne("vaults", name, named, api_.url()))];
}

Result<ConnectIndex::Found> ConnectIndex::MatchItem(const Vault& vault,
                                                    const std::string& name) const {
  std::vector<OpNamed> named;
  for (const Item& item : *vault.items) named.push_back({item.id, item.title});
  const Item& item = (*vault.items)[TRY(FindOne("items", name, named, api_.url()))];
  return Found{vault.id, item.id, item.version};
}

}  // namespace secretfs::remote
