// The ids of 1Password's vaults and items by their names, as `op` lists them: asked once for each
// vault, and again only when something is not found and the list is old, since lists cost requests.
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/op_reference.h"

namespace secretfs::remote {

class OpNames {
 public:
  /// Lists vaults, or the items of the vault with this id: JSON of `op`.
  using List = std::function<Result<SecretBytes>(const std::string& vault_id)>;  // "": vaults

  explicit OpNames(const Clock& clock) : clock_(clock) {}

  /// What looks like an id is taken for one as long as `unsure` is not set, and costs nothing.
  /// Errors: kNotFound; kInvalid when several match; those of `list`.
  Result<OpItemName> Find(const OpItemName& names, bool unsure, const List& list);

 private:
  struct Named {
    std::string id;
    std::string name;
  };
  struct Listing {
    std::vector<Named> all;
    SteadyTime when;
  };
  static Error NotOne(const std::string& vault_id, const std::string& name, const Listing& listing,
                      const std::vector<size_t>& matches);
  [[nodiscard]] Result<Listing> Load(const std::string& vault_id, const List& list) const;
  Result<std::string> FindIn(const std::string& vault_id, const std::string& name, bool unsure,
                             const List& list);

  const Clock& clock_;
  std::mutex mutex_;  // held while something is listed: others want the same list
  std::map<std::string, Listing> lists_;  // by the vault's id; "": the vaults
};

}  // namespace secretfs::remote
