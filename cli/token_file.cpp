#include "cli/token_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "providers/token_json.h"

namespace secretfs {
namespace {

constexpr mode_t kNewMode = 0600;

/// The folder of the file that `path` leads to, which is where ReplaceFile() puts the new one.
std::string FolderOf(const std::string& path) {
  std::error_code absent;
  const std::filesystem::path real = std::filesystem::canonical(path, absent);
  const std::filesystem::path folder = (absent ? std::filesystem::path(path) : real).parent_path();
  return folder.empty() ? "." : folder.string();
}

}  // namespace

Result<UniqueFd> LockTokenFile(const std::string& path, std::chrono::milliseconds patience) {
  const std::string folder = FolderOf(path);
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return SystemError(errno, "cannot open the folder", folder);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return SystemError(errno, "cannot lock the folder", folder);
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Code::kTimeout, "another process keeps the folder locked", folder,
                   "lslocks(8) tells which"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fd;
}

Result<TokenTable> LoadTokenFile(const std::string& path) {
  const SecretBytes text = TRY(ReadSecretFile(path, kMaxTokenFileBytes));
  return ParseTokenJson(text, path);
}

Status SaveTokenFile(const std::string& path, const TokenTable& table) {
  const SecretBytes text = TRY(PrintTokenJson(table));
  if (text.size() > kMaxTokenFileBytes) {
    return Error{Code::kTooLarge, "the file would be over 1 MiB", path, "remove tokens first"};
  }
  return ReplaceFile(path, text.Expose(), kNewMode);
}

bool ApplyTokenEdit(TokenTable& table, TokenEdit edit) {
  auto token = std::find_if(table.begin(), table.end(),
                            [&](const Token& known) { return known.host == edit.host; });
  bool changed = false;
  if (token == table.end()) {
    token = table.insert(token, Token{edit.host, "", TokenKind::kGeneric, SecretBytes{}});
    changed = true;
  }
  if (edit.user && *edit.user != token->user) {
    token->user = *edit.user;
    changed = true;
  }
  if (edit.kind && *edit.kind != token->kind) {
    token->kind = *edit.kind;
    changed = true;
  }
  if (!ConstantTimeEqual(edit.value.Expose(), token->value.Expose())) {
    token->value = std::move(edit.value);
    changed = true;
  }
  return changed;
}

Status RemoveToken(TokenTable& table, const std::string& host) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Token& token) { return token.host == host; });
  if (found == table.end()) {
    std::vector<std::string> hosts;
    for (size_t i = 0; i < table.size(); ++i) hosts.push_back(NameForPeople(table, i));
    return Error{Code::kNotFound, "no token for " + Quote(host), "",
                 SuggestFrom(host, hosts, "hosts")};
  }
  table.erase(found);
  return Ok{};
}

}  // namespace secretfs
