// What the formats of access tokens have in common. Pure.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "views/formats.h"

namespace secretfs {

/// The tokens that `unfit` lets pass, and of those with one `key` the first. A later one is left
/// out by design if its host is another, which only this format does not tell apart.
Selection SelectTokens(const TokenTable& table, std::optional<Unfit> (*unfit)(const Token&),
                       const std::function<std::string(const HostParts&)>& key);

/// What every format needs: a host of the known form, and a token.
std::optional<Unfit> UnfitForAnyFormat(const Token& token);

/// A view of one source's tokens: the rest is how it writes what it can express.
class TokenView : public View {
 public:
  [[nodiscard]] Result<Value> Render(std::span<const ViewInput> inputs) const final;

 private:
  [[nodiscard]] virtual Selection Select(const TokenTable& table) const = 0;
  virtual void Write(SecretBuilder& out, std::span<const UsableToken> tokens) const = 0;
};

}  // namespace secretfs
