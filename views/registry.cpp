#include "base/text.h"
#include "views/formats.h"

namespace secretfs {
namespace {

using Made = Result<std::unique_ptr<const View>>;

struct Format {
  ViewSpec spec;
  Made (*make)(const ViewConfig&);
  Selection (*select)(const TokenTable&);  // of a format of tokens
};

const std::vector<Format>& Formats() {
  static const std::vector<Format> formats{
      {{"nix-access-tokens", true, {}}, &MakeNixAccessTokensView, &SelectForNix},
      {{"git-credentials", true, {}}, &MakeGitCredentialsView, &SelectForGit},
      {{"netrc", true, {}}, &MakeNetrcView, &SelectForNetrc},
      {{"template", false, {{"content", ParameterForm::kText, true}}}, &MakeTemplateView, nullptr},
  };
  return formats;
}

}  // namespace

std::vector<ViewSpec> ViewSpecs() {
  std::vector<ViewSpec> specs;
  for (const Format& format : Formats()) specs.push_back(format.spec);
  return specs;
}

std::vector<TokenFormat> TokenFormats() {
  std::vector<TokenFormat> formats;
  for (const Format& format : Formats()) {
    if (format.select != nullptr) formats.push_back({format.spec.format, format.select});
  }
  return formats;
}

Result<std::unique_ptr<const View>> MakeView(const ViewConfig& config) {
  std::vector<std::string> known;
  for (const Format& format : Formats()) {
    if (format.spec.format == config.format) return format.make(config);
    known.push_back(format.spec.format);
  }
  return Error{Code::kInvalid, "unknown format " + Quote(config.format), config.place.Text(),
               SuggestFrom(config.format, known, "known")};
}

}  // namespace secretfs
