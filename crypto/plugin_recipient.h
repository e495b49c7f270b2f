// Encrypting to a plugin identity, whose recipient only the plugin knows. For plugin_identity.cpp.
#pragma once

#include <string>

#include "crypto/plugin.h"

namespace secretfs::age {

/// Its text is a fingerprint of the identity, which may be secret. Errors: kResource.
Result<RecipientPtr> MakeRecipientOfPluginIdentity(std::string name, SecretPtr line,
                                                   PluginHostPtr host);

}  // namespace secretfs::age
