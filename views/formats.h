// The formats that registry.cpp offers, and which tokens each of them can express. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/token.h"
#include "views/host.h"
#include "views/view.h"

namespace secretfs {

/// Why a format cannot have a token.
struct Unfit {
  std::string reason;  // "the token has a blank, ..."; never content
  /// The token is sound and other views serve it: this format has no place for such a host.
  bool by_design = false;
};

/// A token that a format can express. The host's parts point into the token.
struct UsableToken {
  const Token* token;
  HostParts host;
};

struct LeftOut {
  std::string host;
  Unfit why;
  /// "'HOST': REASON"
  [[nodiscard]] std::string Text() const;
};

struct Selection {
  std::vector<UsableToken> usable;  // in the table's order
  std::vector<LeftOut> left_out;
};

/// One format of access tokens, and what it can express of a table that outlives the selection.
struct TokenFormat {
  std::string name;
  Selection (*select)(const TokenTable&);
};
std::vector<TokenFormat> TokenFormats();

Selection SelectForNix(const TokenTable& table);
Selection SelectForGit(const TokenTable& table);
Selection SelectForNetrc(const TokenTable& table);

/// Why git cannot be given this token, if so.
std::optional<Unfit> UnfitForGit(const Token& token);

Result<std::unique_ptr<const View>> MakeNixAccessTokensView(const ViewConfig& config);
Result<std::unique_ptr<const View>> MakeGitCredentialsView(const ViewConfig& config);
Result<std::unique_ptr<const View>> MakeNetrcView(const ViewConfig& config);
Result<std::unique_ptr<const View>> MakeTemplateView(const ViewConfig& config);

}  // namespace secretfs
