// `secretfs tokens`: the token JSON, listed, edited and checked. No token is ever printed.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/folder_lock.h"
#include "cli/table.h"
#include "cli/token_file.h"
#include "cli/token_input.h"
#include "cli/ui.h"
#include "providers/token_json.h"
#include "views/escape.h"
#include "views/formats.h"
#include "views/host.h"
#include "views/token_kind.h"

namespace secretfs {
namespace {

constexpr std::chrono::seconds kLockPatience{10};

struct Options {
  std::string file;
  std::string host;
  std::string user;
  std::string kind;
  CLI::Option* user_option = nullptr;
  CLI::Option* kind_option = nullptr;
  bool json = false;
};

ExitCode List(const Options& options) {
  const auto table = LoadTokenFile(options.file);
  if (!table) return ui::Fail(table.error());
  auto json = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows{{"HOST", "USER", "KIND"}};
  for (size_t i = 0; i < table->size(); ++i) {
    const Token& token = (*table)[i];
    const std::string name = NameForPeople(*table, i);
    const std::string kind(TokenKindName(KindOf(token)));
    json.push_back({{"host", name}, {"user", GitUserOf(token)}, {"kind", kind}});
    rows.push_back({Printable(name), Printable(GitUserOf(token)), kind});
  }
  if (options.json) {
    ui::Print(json.dump(2));
  } else {
    std::fputs(FormatTable(rows).c_str(), stdout);
  }
  return ExitCode::kDone;
}

/// What `set` was told, but for the token. Errors: kInvalid.
Result<TokenEdit> ReadEdit(const Options& options) {
  TokenEdit edit;
  edit.host = options.host;
  if (!ParseHost(options.host)) {
    return Error{Code::kInvalid, Quote(options.host) + " is not a host", "",
                 "the form is HOST[:PORT][/PATH], without https:// and in ASCII"};
  }
  if (options.user_option->count() > 0) edit.user = options.user;
  if (HasControl(AsBytes(options.user)) || !IsUtf8(AsBytes(options.user))) {
    return Error{Code::kInvalid, "the user has a control character or is not UTF-8", "", ""};
  }
  if (options.kind_option->count() > 0) {
    edit.kind = TokenKindFromName(options.kind);
    if (!edit.kind) {
      return Error{Code::kInvalid, "unknown kind " + Quote(options.kind), "",
                   SuggestFrom(options.kind, TokenKindNames(), "known")};
    }
  }
  return edit;
}

/// The table of an old file, or an empty one for a file that is not there yet.
Result<TokenTable> LoadOrStart(const std::string& path) {
  auto table = LoadTokenFile(path);
  if (!table && table.error().code == Code::kNotFound) return TokenTable{};
  return table;
}

Status SetToken(const std::string& path, TokenEdit edit) {
  const UniqueFd lock = TRY(LockFolderOf(path, kLockPatience));
  TokenTable table = TRY(LoadOrStart(path));
  if (!ApplyTokenEdit(table, std::move(edit))) return Ok{};
  return SaveTokenFile(path, table);
}

ExitCode Set(const Options& options) {
  auto edit = ReadEdit(options);
  if (!edit) return ui::Fail(edit.error(), ExitCode::kUsage);
  auto token = ReadToken(STDIN_FILENO, "token for " + options.host + ": ");
  if (!token) return ui::Fail(token.error());
  edit->value = std::move(*token);
  const Status set = SetToken(options.file, std::move(*edit));
  return set ? ExitCode::kDone : ui::Fail(set.error());
}

Status RemoveFromFile(const std::string& path, const std::string& host) {
  const UniqueFd lock = TRY(LockFolderOf(path, kLockPatience));
  TokenTable table = TRY(LoadTokenFile(path));
  TRY(RemoveToken(table, host));
  return SaveTokenFile(path, table);
}

ExitCode Remove(const Options& options) {
  const Status removed = RemoveFromFile(options.file, options.host);
  return removed ? ExitCode::kDone : ui::Fail(removed.error());
}

void WarnOfMode(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && (st.st_mode & S_IRWXO) != 0) {
    ui::Warn(path + ": every user of this machine has access to it", "chmod o= " + path);
  }
}

void PrintLeftOut(const std::string& format, const LeftOut& left_out) {
  ui::Print(std::string(left_out.why.by_design ? "note: " : "problem: ") + format + " leaves out " +
            left_out.Text());
}

ExitCode Check(const Options& options) {
  const auto table = LoadTokenFile(options.file);
  if (!table) return ui::Fail(table.error());
  WarnOfMode(options.file);
  bool sound = true;
  auto json = nlohmann::ordered_json::array();
  for (const TokenFormat& format : TokenFormats()) {
    for (const LeftOut& left_out : format.select(*table).left_out) {
      sound = sound && left_out.why.by_design;
      json.push_back({{"view", format.name},
                      {"host", left_out.host},
                      {"reason", left_out.why.reason},
                      {"problem", !left_out.why.by_design}});
      if (!options.json) PrintLeftOut(format.name, left_out);
    }
  }
  if (options.json) ui::Print(json.dump(2));
  return sound ? ExitCode::kDone : ExitCode::kFailed;
}

using Run = ExitCode (*)(const Options&);

CLI::App* AddAction(CLI::App& command, const char* name, const char* summary,
                    const std::shared_ptr<Options>& options, std::shared_ptr<Run> chosen, Run run) {
  CLI::App* action = command.add_subcommand(name, summary);
  action->add_option("FILE", options->file, "the token JSON")->required();
  action->callback([chosen = std::move(chosen), run] { *chosen = run; });
  return action;
}

std::function<ExitCode()> Add(CLI::App& command) {
  const auto options = std::make_shared<Options>();
  const auto chosen = std::make_shared<Run>(nullptr);
  command.require_subcommand(1);

  CLI::App* list =
      AddAction(command, "list", "print hosts, users and kinds", options, chosen, &List);
  list->add_flag("--json", options->json, "print JSON");

  CLI::App* set = AddAction(command, "set", "read a token from standard input and keep it", options,
                            chosen, &Set);
  set->add_option("HOST", options->host, "HOST[:PORT][/PATH]")->required();
  options->user_option =
      set->add_option("--user", options->user, "the user for git and netrc, if not the kind's own");
  options->kind_option =
      set->add_option("--kind", options->kind, "one of: " + Join(TokenKindNames()));

  CLI::App* remove =
      AddAction(command, "remove", "forget a host's token", options, chosen, &Remove);
  remove->add_option("HOST", options->host, "as `tokens list` prints it")->required();

  CLI::App* check = AddAction(command, "check", "tell which tokens some view must leave out",
                              options, chosen, &Check);
  check->add_flag("--json", options->json, "print JSON");
  return [options, chosen] { return (*chosen)(*options); };
}

}  // namespace

Command TokensCommand() {
  return {"tokens", "list, set, remove and check the access tokens in a token JSON", &Add};
}

}  // namespace secretfs
