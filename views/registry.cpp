#include <array>

#include "base/text.h"
#include "views/formats.h"

namespace secretfs {
namespace {

using Made = Result<std::unique_ptr<const View>>;

struct Format {
  ViewSpec spec;
  Made (*make)(const ViewConfig&);
};

const std::vector<Format>& Formats() {
  static const std::vector<Format> formats{
      {{"nix-access-tokens", true, {}},
       [](const ViewConfig&) -> Made { return MakeNixAccessTokensView(); }},
      {{"git-credentials", true, {}},
       [](const ViewConfig&) -> Made { return MakeGitCredentialsView(); }},
      {{"netrc", true, {}}, [](const ViewConfig&) -> Made { return MakeNetrcView(); }},
      {{"template", false, {{"content", ParameterForm::kText, true}}}, &MakeTemplateView},
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
  return {{"nix-access-tokens", &SelectForNix},
          {"git-credentials", &SelectForGit},
          {"netrc", &SelectForNetrc}};
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
