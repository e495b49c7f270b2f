// As whose file a copy shows, and who may read it: as far as owner, group and mode say, the same as
// of the secret itself.
#pragma once

#include "core/policy.h"

namespace secretfs {

struct CopyTerms {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
  bool operator==(const CopyTerms&) const = default;
};

/// While a name does not exist, the classes of group and others have nobody in them.
inline CopyTerms CopyTermsOf(const Access& access, const Accounts& accounts) {
  constexpr mode_t kOwnersBits = 0700;
  const Ownership ownership = OwnershipOf(access, accounts);
  return {ownership.uid, ownership.gid,
          ownership.resolved ? access.mode : access.mode & kOwnersBits};
}

}  // namespace secretfs
