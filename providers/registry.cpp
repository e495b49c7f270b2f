#include "providers/registry.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "providers/age_file.h"
#include "providers/plain_file.h"
#include "providers/tokens.h"

namespace secretfs {
namespace {

struct Kind {
  ProviderSpec spec;
  std::function<std::unique_ptr<Provider>(const Parameters&, const ProviderContext&)> make;
};

const std::vector<Kind>& Kinds() {
  using Context = ProviderContext;
  static const std::vector<Kind> kinds{
      {{.kind = "age", .direct = ParameterForm::kPath},
       [](const Parameters&, const Context& context) {
         return MakeAgeFileProvider(context.identities);
       }},
      {{.kind = "file", .direct = ParameterForm::kPath},
       [](const Parameters&, const Context&) { return MakePlainFileProvider(); }},
      {{.kind = "tokens",
        .as_source = true,
        .parameters = {{.key = "file", .form = ParameterForm::kPath, .required = true}},
        .selector = "key"},
       [](const Parameters& p, const Context&) { return MakeTokensProvider(p.Get("file")); }},
  };
  return kinds;
}

}  // namespace

std::vector<ProviderSpec> ProviderSpecs() {
  std::vector<ProviderSpec> specs;
  for (const Kind& kind : Kinds()) specs.push_back(kind.spec);
  return specs;
}

std::unique_ptr<Provider> MakeProvider(const std::string& kind, const Parameters& parameters,
                                       const ProviderContext& context) {
  const auto at = std::find_if(Kinds().begin(), Kinds().end(),
                               [&](const Kind& k) { return k.spec.kind == kind; });
  if (at == Kinds().end()) std::abort();  // the loader lets no other kind through
  return at->make(parameters, context);
}

}  // namespace secretfs
