// The formats that registry.cpp offers, and what those of tokens have no way to say. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/token.h"
#include "views/host.h"
#include "views/view.h"

namespace secretfs {

/// Why a view leaves a token out.
struct LeftOut {
  std::string reason;  // "the token has a blank, ..."; never content
  /// The token is sound and other views serve it: this format has no place for such a host.
  bool by_design = false;
};

/// One format of access tokens, as `secretfs tokens check` asks it.
struct TokenFormat {
  const char* name;
  std::optional<LeftOut> (*leaves_out)(const Token&);
};
std::vector<TokenFormat> TokenFormats();

std::optional<LeftOut> NixLeavesOut(const Token& token);
std::optional<LeftOut> GitLeavesOut(const Token& token);
std::optional<LeftOut> NetrcLeavesOut(const Token& token);

std::unique_ptr<const View> MakeNixAccessTokensView();
std::unique_ptr<const View> MakeGitCredentialsView();
std::unique_ptr<const View> MakeNetrcView();
Result<std::unique_ptr<const View>> MakeTemplateView(const ViewConfig& config);

}  // namespace secretfs
