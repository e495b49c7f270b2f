#include "remote/op_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/file.h"
#include "remote/op_error.h"
#include "remote/program.h"
#include "remote/service_token.h"
#include "remote/token_file.h"

namespace secretfs::remote {
namespace {

constexpr std::array<std::string_view, 4> kFolders{
    "/usr/bin", "/usr/local/bin", "/run/current-system/sw/bin", "/run/wrappers/bin"};

Result<std::string> FindOp(const std::string& program) {
  if (!program.empty()) return program;
  auto found = FindProgram(kFolders, "op");
  if (found) return found;
  return Error{Code::kUnavailable, found.error().what, "",
               "install 1Password's command-line tool, or set `op` to its path"};
}

/// `op` keeps its settings there, and refuses a link.
Status MakeFolder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) return Ok{};
  if (errno != EEXIST) return SystemError(errno, "cannot make the folder for op", folder);
  struct stat st {};
  if (::lstat(folder.c_str(), &st) != 0) return SystemError(errno, "cannot look at", folder);
  if (!S_ISDIR(st.st_mode) || st.st_uid != ::geteuid() || (st.st_mode & 0077U) != 0) {
    return Error{Code::kUnavailable, "is no folder that is ours alone", folder,
                 "remove it; it is made anew"};
  }
  return Ok{};
}

}  // namespace

Result<SecretBytes> OpProgram::Run(std::vector<std::string> arguments, ByteView input, size_t limit,
                                   unsigned requests, Call& call,
                                   const std::stop_token& stop) const {
  auto token = TRY(ReadToken(options_.token_file));
  TRY(CheckServiceToken(token.Expose(), options_.token_file));
  ProgramOptions run;
  run.program = TRY(FindOp(options_.program));
  run.arguments = std::move(arguments);
  TRY(MakeFolder(options_.folder));
  run.environment = {{"HOME", options_.folder},
                     {"OP_CACHE", "false"},
                     {"OP_CONFIG_DIR", options_.folder},
                     {"OP_FORMAT", "json"}};
  run.secrets = {{"OP_SERVICE_ACCOUNT_TOKEN", std::make_shared<SecretBytes>(std::move(token))}};
  TRY(call.Spend(requests));
  auto output = TRY(RunProgram(run, input, limit, call.deadline(), stop));
  if (!output.end.Well()) return OpError(output.said, run.program);
  return std::move(output.output);
}

}  // namespace secretfs::remote
