#include "providers/registry.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "providers/age_file.h"
#include "providers/plain_file.h"
#include "providers/remote_kinds.h"
#include "providers/tokens.h"

namespace secretfs {
namespace {

struct Kind {
  ProviderSpec spec;
  std::function<std::unique_ptr<Provider>(const SourceConfig&, const ProviderContext&)> make;
};

const std::vector<Kind>& Kinds() {
  using Context = ProviderContext;
  static const std::vector<Kind> kinds{
      {{.kind = "age", .direct = ParameterForm::kPath},
       [](const SourceConfig&, const Context& context) {
         return MakeAgeFileProvider(context.identities);
       }},
      {{.kind = "file", .direct = ParameterForm::kPath},
       [](const SourceConfig&, const Context&) { return MakePlainFileProvider(); }},
      {{.kind = "tokens",
        .as_source = true,
        .parameters = {{.key = "file", .form = ParameterForm::kPath, .required = true}},
        .selector = "key"},
       [](const SourceConfig& source, const Context&) {
         return MakeTokensProvider(source.parameters.Get("file"));
       }},
      {{.kind = "onepassword",
        .as_source = true,
        .parameters = OnePasswordParameters(),
        .selector = "ref",
        .remote = true},
       MakeOnePassword},
      {{.kind = "exec",
        .as_source = true,
        .parameters = ExecParameters(),
        .selector = "ref",
        .remote = true},
       MakeExec},
  };
  return kinds;
}

}  // namespace

std::vector<ProviderSpec> ProviderSpecs() {
  std::vector<ProviderSpec> specs;
  for (const Kind& kind : Kinds()) specs.push_back(kind.spec);
  return specs;
}

std::unique_ptr<Provider> MakeProvider(const SourceConfig& source, const ProviderContext& context) {
  const auto at = std::find_if(Kinds().begin(), Kinds().end(),
                               [&](const Kind& k) { return k.spec.kind == source.kind; });
  if (at == Kinds().end()) std::abort();  // the loader lets no other kind through
  return at->make(source, context);
}

std::vector<ParameterSpec> WithRemoteParameters(std::vector<ParameterSpec> own) {
  own.push_back({.key = "refresh", .form = ParameterForm::kDuration});
  own.push_back({.key = "timeout", .form = ParameterForm::kDuration});
  own.push_back({.key = "requests_per_day", .form = ParameterForm::kNumber});
  return own;
}

RemoteSourceOptions RemoteOptions(const SourceConfig& source, const ProviderContext& context,
                                  std::chrono::milliseconds refresh,
                                  std::optional<uint64_t> requests_per_day) {
  RemoteSourceOptions options;
  options.name = source.name;
  options.kind = source.kind;
  options.refresh = source.parameters.Duration("refresh").value_or(refresh);
  options.timeout = source.parameters.Duration("timeout").value_or(options.timeout);
  const auto requests = source.parameters.Number("requests_per_day");
  options.requests_per_day = requests ? requests : requests_per_day;
  options.state_folder = context.state_folder;
  options.clock = context.clock;
  options.random = context.random;
  if (context.warn) {
    options.warn = [warn = context.warn, name = source.name](const Error& e) { warn(name, e); };
  }
  return options;
}

}  // namespace secretfs
