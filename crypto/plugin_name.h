// Names of age plugins (C2SP age-plugin.md, "Mapping recipients and identities to plugin
// binaries"). A name comes from an identity or recipient that anybody may have written, and names a
// program: it is checked before anything is made of it.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace secretfs::age {

/// Lower-case letters, digits and `+-._`, not beginning with a dot, and no two dots in a row.
bool IsPluginName(std::string_view name) noexcept;

/// "yubikey" for AGE-PLUGIN-YUBIKEY-1.... Errors: kInvalid, which quotes nothing; kResource.
Result<std::string> PluginNameOfIdentity(ByteView line);

/// "yubikey" for age1yubikey1.... Errors: as above.
Result<std::string> PluginNameOfRecipient(std::string_view text);

}  // namespace secretfs::age
