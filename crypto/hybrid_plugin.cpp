#include "crypto/hybrid_plugin.h"

#include <algorithm>
#include <utility>

#include "crypto/bech32.h"
#include "crypto/hybrid.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kPluginPrefix = "AGE-PLUGIN-PQ-";  // its data is the seed

bool IsHybrid(const Stanza& stanza) { return stanza.type == kHybridType; }

class HybridIdentityWithPlugin final : public Identity {
 public:
  HybridIdentityWithPlugin(IdentityPtr own, IdentityPtr plugin)
      : own_(std::move(own)), plugin_(std::move(plugin)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    auto refused = own_->Unwrap(stanzas);  // malformed ones too
    if (refused || refused.error().code != Code::kNoMatch) return refused;
    if (std::ranges::none_of(stanzas, IsHybrid)) return refused;
    return plugin_->Unwrap(stanzas);
  }

  [[nodiscard]] Cost cost() const override { return Cost::kPlugin; }

  [[nodiscard]] std::string Describe() const override {
    return own_->Describe() + " through " + plugin_->Describe();
  }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override { return plugin_->ToRecipient(); }

 private:
  IdentityPtr own_;
  IdentityPtr plugin_;
};

}  // namespace

Result<IdentityPtr> MakeHybridIdentityWithPlugin(SecretBytes seed, PluginHostPtr plugins) {
  auto line = TRY(crypto::EncodeSecretBech32(kPluginPrefix, seed.Expose()));
  auto plugin = TRY(MakePluginIdentity(std::move(line), std::move(plugins)));
  auto own = TRY(MakeHybridIdentity(std::move(seed)));
  return IdentityPtr(std::make_shared<HybridIdentityWithPlugin>(std::move(own), std::move(plugin)));
}

}  // namespace secretfs::age
