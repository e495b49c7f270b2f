// age plugins (C2SP age-plugin.md): identities and recipients whose work another program does. The
// conversation is here; running a program is the host's.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/identity.h"
#include "crypto/recipient.h"

namespace secretfs::age {

/// A running plugin's two pipes. Destroying it ends the plugin. Used by one thread at a time.
class PluginChannel {
 public:
  PluginChannel() = default;
  PluginChannel(const PluginChannel&) = delete;
  PluginChannel& operator=(const PluginChannel&) = delete;
  virtual ~PluginChannel() = default;
  virtual Status Write(ByteView bytes) = 0;
  /// Fills some of `into`, which is not empty and in locked memory; 0 is the end. Errors: kTimeout
  /// when the plugin takes longer than it may; kUnavailable.
  virtual Result<size_t> Read(ByteSpan into) = 0;
};

/// What is known of the secret that a plugin is given. (crypto/plugin_turn.h)
struct PluginSecret {
  std::mutex turn;       // of the conversation that may be given it
  unsigned in_vain = 0;  // conversations in a row that were; guarded by it
};

/// Runs plugins. Thread-safe.
class PluginHost {
 public:
  PluginHost() = default;
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;
  virtual ~PluginHost() = default;
  /// Starts `age-plugin-NAME --age-plugin=STATE_MACHINE`. The name has been checked. Errors:
  /// kNotFound when there is none, kUnavailable.
  virtual Result<std::unique_ptr<PluginChannel>> Start(const std::string& name,
                                                       std::string_view state_machine) = 0;
  /// The same for all conversations with the plugin, and as long-lived as the host; null when it
  /// has no secret to be given.
  virtual PluginSecret* SecretOf(const std::string& name) = 0;
  /// What the plugin asks its user for. Errors: kNotFound when nothing is configured for it.
  virtual Result<SecretBytes> Secret(const std::string& name, std::string_view prompt) = 0;
  /// An identity that a plugin was too slow for. The host may remember it for a while, and give
  /// the error again, so that it does not cost that time for every file.
  using Asker = std::weak_ptr<const void>;
  virtual void WasTooSlow(const Asker& /*identity*/, const Error& /*error*/) {}
  virtual Status MayAsk(const Asker& /*identity*/) { return Ok{}; }
  /// What the plugin tells its user; control characters have been taken out.
  virtual void Tell(const std::string& name, std::string_view text) = 0;
};
using PluginHostPtr = std::shared_ptr<PluginHost>;

/// From an identity line, AGE-PLUGIN-NAME-1.... A plugin that is missing or fails is a reason why
/// the identity does not match, and not the end of the search. Errors: kInvalid, kResource.
Result<IdentityPtr> MakePluginIdentity(SecretBytes line, PluginHostPtr host);

/// From a recipient, age1NAME1.... Errors: kInvalid.
Result<RecipientPtr> MakePluginRecipient(std::string_view text, PluginHostPtr host);

}  // namespace secretfs::age
