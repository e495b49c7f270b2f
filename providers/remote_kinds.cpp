#include "providers/remote_kinds.h"

#include <unistd.h>

#include <chrono>

#include "base/text.h"
#include "providers/key_file.h"
#include "remote/connect_store.h"
#include "remote/exec_store.h"
#include "remote/op_store.h"

namespace secretfs {
namespace {

using remote::ExecProtocol;
using remote::RemoteStorePtr;

constexpr std::chrono::minutes kConnectRefresh{1};  // a server of our own, which answers at once
constexpr std::chrono::hours kAccountRefresh{1};    // an account's limit is for all its tokens
constexpr uint64_t kAccountRequests = 1000;         // of the smallest accounts, in a day
constexpr std::chrono::minutes kExecRefresh{10};

Error Wrong(const SourceConfig& source, std::string what, std::string hint) {
  return {Code::kInvalid, std::move(what), source.place.Text(), std::move(hint)};
}

Result<std::string> TokenFile(const SourceConfig& source, const ProviderContext& context) {
  return PathOf(*source.parameters.Key("token_file"), context.credentials_directory);
}

Result<RemoteStorePtr> ConnectStore(const SourceConfig& source, const ProviderContext& context,
                                    std::chrono::milliseconds refresh) {
  const Parameters& given = source.parameters;
  if (given.Has("op") || given.Has("batch")) {
    return Wrong(source, "'op' and 'batch' do not go with 'connect'", "leave them out");
  }
  remote::ConnectOptions options;
  options.url = given.Get("connect");
  options.token_file = TRY(TokenFile(source, context));
  options.ca_file = given.Get("ca_file");
  options.refresh = refresh;
  return remote::MakeConnectStore(options, context.clock);
}

Result<RemoteStorePtr> OpStore(const SourceConfig& source, const ProviderContext& context) {
  const Parameters& given = source.parameters;
  if (given.Has("ca_file")) return Wrong(source, "'ca_file' goes with 'connect' only", "");
  remote::OpOptions options;
  options.program = given.Get("op");
  options.token_file = TRY(TokenFile(source, context));
  options.folder = context.state_folder.empty() ? "/tmp/secretfs-op-" + std::to_string(::geteuid())
                                                : context.state_folder + "/op";
  options.batch = given.Flag("batch");
  options.clock = context.clock;
  return remote::MakeOpStore(std::move(options));
}

Result<ExecProtocol> ProtocolOf(const SourceConfig& source) {
  const std::string name = source.parameters.Get("protocol");
  if (name.empty() || name == "once") return ExecProtocol::kOnce;
  if (name == "lines") return ExecProtocol::kLines;
  if (name == "raw") return ExecProtocol::kRaw;
  const std::vector<std::string> known{"once", "lines", "raw"};
  return Wrong(source, "unknown protocol " + Quote(name), SuggestFrom(name, known, "protocols"));
}

Result<RemoteStorePtr> ExecStore(const SourceConfig& source, const ProviderContext& context) {
  remote::ExecOptions options;
  options.command = source.parameters.List("command");
  options.protocol = TRY(ProtocolOf(source));
  options.environment = source.parameters.Map("environment");
  if (context.said) {
    options.said = [said = context.said, name = source.name](std::string_view line) {
      said(name, line);
    };
  }
  return remote::MakeExecStore(std::move(options));
}

}  // namespace

std::vector<ParameterSpec> OnePasswordParameters() {
  return WithRemoteParameters(
      {{.key = "token_file", .form = ParameterForm::kKeyFile, .required = true},
       {.key = "connect"},
       {.key = "ca_file", .form = ParameterForm::kPath},
       {.key = "op", .form = ParameterForm::kPath},
       {.key = "batch", .form = ParameterForm::kFlag}});
}

std::unique_ptr<Provider> MakeOnePassword(const SourceConfig& source,
                                          const ProviderContext& context) {
  if (!source.parameters.Has("connect")) {
    return MakeRemoteSource(OpStore(source, context),
                            RemoteOptions(source, context, kAccountRefresh, kAccountRequests));
  }
  RemoteSourceOptions options = RemoteOptions(source, context, kConnectRefresh);
  auto store = ConnectStore(source, context, options.refresh);
  return MakeRemoteSource(std::move(store), std::move(options));
}

std::vector<ParameterSpec> ExecParameters() {
  return WithRemoteParameters({{.key = "command", .form = ParameterForm::kList, .required = true},
                               {.key = "protocol"},
                               {.key = "environment", .form = ParameterForm::kTextMap}});
}

std::unique_ptr<Provider> MakeExec(const SourceConfig& source, const ProviderContext& context) {
  return MakeRemoteSource(ExecStore(source, context), RemoteOptions(source, context, kExecRefresh));
}

}  // namespace secretfs
