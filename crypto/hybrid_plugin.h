// Post-quantum identities in a build without X-Wing: the stanzas are handed to age-plugin-pq.
#pragma once

#include "crypto/identity.h"
#include "crypto/plugin.h"

namespace secretfs::age {

/// As MakeHybridIdentity, but for what it cannot do in this build the plugin is asked, with the
/// seed; for a file without such stanzas it is not started. Errors: kInvalid, kResource.
Result<IdentityPtr> MakeHybridIdentityWithPlugin(SecretBytes seed, PluginHostPtr plugins);

}  // namespace secretfs::age
